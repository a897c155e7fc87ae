"""Tests of which jobs a gateway remembers when workers report the jobs that they hold."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from conduit_runtime.broker.gateway.in_flight import InFlight
from conduit_runtime.broker.gateway.leases import Leases
from conduit_runtime.model.claimed import Claimed
from conduit_runtime.worker.run.handler import Batching
from conduit_runtime.worker.timing import Timing


def test_jobs_of_other_gateways_are_not_kept() -> None:
    mine, other = (uuid4(), uuid4()), (uuid4(), uuid4())

    def holds(id_: UUID, token: UUID) -> bool:
        return (id_, token) == mine

    in_flight: Any = SimpleNamespace(holds=holds)
    nothing: Any = None
    worker: Any = SimpleNamespace(timing=Timing())
    leases = Leases(worker, nothing, in_flight, nothing, lambda: False)
    leases.on_holding([mine, other])
    assert leases._begun == {mine}
    assert [claim for claim, _ in leases._heard.values()] == [mine]


def test_a_batched_job_may_be_silent_for_longer_by_the_wait_for_its_batch() -> None:
    batched, single = Claimed(uuid4(), uuid4(), "batched", "q"), Claimed(uuid4(), uuid4(), "t", "q")
    in_flight = InFlight(lambda: None)
    in_flight.add([batched, single], {"batched"})
    worker: Any = SimpleNamespace(
        registry=SimpleNamespace(batched={"batched": Batching(5, 30.0)}), timing=Timing()
    )
    nothing: Any = None
    leases = Leases(worker, nothing, in_flight, nothing, lambda: False)
    leases.on_holding([(job.id, job.token) for job in (batched, single)])
    for clock, silent in ((59, []), (60, [single]), (89, [single]), (90, [batched, single])):
        leases._clock = clock
        assert [number for number, _ in leases._silent_for(60)] == [job.id.int for job in silent]
