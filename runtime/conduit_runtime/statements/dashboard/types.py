"""The dashboard's statements about job types."""

from datetime import timedelta

import msgspec

from ...model.dashboard.types import TypeActivity, TypeShape
from ...model.type_description import TypeDescription
from ...model.workers.worker_state import LEASE
from ...postgres.statement import Rows, Statement
from ..metrics import HISTOGRAM_SUMS, bin_of

_description = msgspec.json.Decoder(TypeDescription)


def type_shapes(type: str | None = None) -> Statement[list[TypeShape]]:
    """All shapes of a type, or of all types; of all types, without fields and source texts."""

    def decode(rows: Rows, count: int) -> list[TypeShape]:
        return [
            TypeShape(type_, shape, queue, _description.decode(description), at, is_live)
            for type_, shape, queue, description, at, is_live in rows
        ]

    return Statement("dashboard/types", {"type": type, "lease": LEASE}, decode)


def type_activity(last: timedelta, type: str | None = None) -> Statement[list[TypeActivity]]:
    """The types that have attempts in the period until now, or running jobs; or one type."""
    parameters = {"period": last.total_seconds(), "bin": bin_of(last), "type": type}

    return Statement(
        "dashboard/attempts/by_type",
        parameters,
        lambda rows, count: [TypeActivity(*row) for row in rows],
        HISTOGRAM_SUMS,
    )
