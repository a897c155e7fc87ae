"""Flows in the database. Statements without IO."""

from collections import Counter
from uuid import UUID

from ..postgres.statement import Statement, nothing, sql
from ..telemetry.trace_context import trace_fragments
from .flow import Flow
from .store import columns, insert_parameters

__all__ = ["insert_flow", "sweep"]

SWEPT = 5_000
"""Links that one sweep looks at."""
_START = UUID(int=0)

Link = tuple[UUID, UUID]


def insert_flow(flow: Flow, schema: str | None) -> Statement[None]:
    """Store a flow in one statement: what waits for nobody can run at once.

    Raises PayloadError, before any SQL, for a job that Postgres would refuse.
    """
    awaited = Counter(after for _, after in flow.links)
    parameters = {
        **columns([insert_parameters(job) for job in flow.jobs]),
        "flow": flow.id,
        "waits_for": [awaited[job.id] for job in flow.jobs],
        "on_failure": [flow.on_failure.get(job.id) for job in flow.jobs],
        "before": [before for before, _ in flow.links],
        "after": [after for _, after in flow.links],
    }
    inserting = sql("insert_flow", schema, **trace_fragments(parameters))
    return Statement(inserting, parameters, nothing)


def sweep(link: Link | None, schema: str | None) -> Statement[Link | None]:
    """Go on with flows whose jobs ended by a hand-typed statement, among the links after this one.

    Answers where to go on; None at the end.
    """
    job, following = link or (_START, _START)
    return Statement(
        sql("sweep_links", schema),
        {"job": job, "next": following, "limit": SWEPT},
        lambda rows, count: (rows[-1][0], rows[-1][1]) if len(rows) == SWEPT else None,
    )
