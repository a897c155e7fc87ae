"""Flows in the database. Statements without IO."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from ..postgres.statement import Statement, nothing, sql
from ..telemetry.trace_context import trace_fragments
from .flow import Flow
from .store import columns, insert_parameters

__all__ = ["born_of", "flow_rows", "insert_flow", "sweep"]

SWEPT = 5_000
"""Links that one sweep looks at."""
_START = UUID(int=0)

Link = tuple[UUID, UUID]


def insert_flow(flow: Flow, schema: str | None) -> Statement[None]:
    """Store a flow in one statement: what waits for nobody can run at once.

    Raises PayloadError, before any SQL, for a job that Postgres would refuse.
    """
    rows = flow_rows(flow)
    parameters = {
        **columns(rows),
        "flow": flow.id,
        "waits_for": [row["waits_for"] for row in rows],
        "on_failure": [row["on_failure"] for row in rows],
        "before": [before for before, _ in flow.links],
        "after": [after for _, after in flow.links],
    }
    inserting = sql("insert_flow", schema, **trace_fragments(parameters))
    return Statement(inserting, parameters, nothing)


def flow_rows(flow: Flow) -> list[dict[str, Any]]:
    """What an insert says of each job of a flow: what it waits for, and what waits for it.

    Raises PayloadError for a job that Postgres would refuse.
    """
    awaited = Counter(after for _, after in flow.links)
    return [
        {
            **insert_parameters(job),
            "flow": flow.id,
            "waits_for": awaited[job.id],
            "on_failure": flow.on_failure.get(job.id),
            "links": [link for link in flow.links if link[0] == job.id],
        }
        for job in flow.jobs
    ]


def born_of(
    born: Sequence[tuple[UUID, Mapping[str, Any]]], parameters: dict[str, Any], schema: str | None
) -> str:
    """How flows are inserted by the statement that completes their parents.

    `born` are the parents' ids and what `flow_rows` says; the parameters are added to.
    """
    rows = [row for _, row in born]
    links = [link for row in rows for link in row["links"]]
    given = {
        **columns(rows),
        "parent": [parent for parent, _ in born],
        "of": [row["flow"] for row in rows],
        "waits_for": [row["waits_for"] for row in rows],
        "on_failure": [row["on_failure"] for row in rows],
        "before": [before for before, _ in links],
        "after": [after for _, after in links],
    }
    parameters |= {f"flow_{name}": value for name, value in given.items()}
    trace = trace_fragments(given)
    traces = trace["traces"].replace("%(", "%(flow_")
    return sql("born_flow", schema, **{**trace, "traces": traces})


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
