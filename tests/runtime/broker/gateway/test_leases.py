"""Tests of which jobs a gateway remembers when workers report the jobs that they hold."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from conduit_runtime.broker.gateway.leases import LEASE, Leases
from conduit_runtime.model.job import Job
from conduit_runtime.worker.run.batching import Batching


def test_jobs_of_other_gateways_are_not_kept() -> None:
    mine, other = (uuid4(), uuid4()), (uuid4(), uuid4())

    def holds(id_: UUID, token: UUID) -> bool:
        return (id_, token) == mine

    in_flight: Any = SimpleNamespace(holds=holds)
    nothing: Any = None
    leases = Leases(nothing, nothing, in_flight, nothing, lambda: False)
    leases.on_holding([mine, other])
    assert leases._begun == {mine}
    assert [claim for claim, _ in leases._heard.values()] == [mine]


def test_the_lease_of_a_batched_job_is_longer_by_the_wait_for_its_batch() -> None:
    batched, single = Job(type="batched"), Job(type="single")
    in_flight: Any = SimpleNamespace(jobs={job.id.int: job for job in (batched, single)})
    worker: Any = SimpleNamespace(registry=SimpleNamespace(batched={"batched": Batching(5, 30.0)}))
    nothing: Any = None
    leases = Leases(worker, nothing, in_flight, nothing, lambda: False)
    assert leases._lease(single.id.int) == LEASE
    assert leases._lease(batched.id.int) == LEASE + 30.0
    assert leases._lease(0) == LEASE
