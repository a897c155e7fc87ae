"""Tests of which jobs a gateway remembers when workers report the jobs that they hold."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from conduit_runtime.broker.gateway.leases import Leases


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
