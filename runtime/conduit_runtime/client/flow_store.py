"""Flows in the database. Statements without IO."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from ..arguments import check_type
from ..postgres.statement import Statement, sql
from ..postgres.steps import Steps
from ..telemetry.trace_context import trace_fragments
from .flow import Flow
from .store import columns, insert_parameters
from .unique import Duplicate, duplicates_of

__all__ = [
    "advance",
    "advance_watched",
    "born_of",
    "flow_rows",
    "insert_flow",
    "sweep",
    "watch",
]

SWEPT = 5_000
"""Links that one sweep looks at."""
WATCHED = 1_000
"""Watched jobs that one look at them takes in."""
RELEASED = 5_000
"""Dependencies that one statement deletes at most; the flow advancer goes on with the rest."""
_START = UUID(int=0)

Link = tuple[UUID, UUID]


def insert_flow(flow: Flow, schema: str | None) -> Statement[list[Duplicate]]:
    """Store a flow in one statement: what waits for nobody can run at once.

    Answers the jobs in whose place another stands. Raises PayloadError, before any SQL, for a job
    that Postgres would refuse.
    """
    check_type(flow, "flow", Flow, "what chain() or group() made")
    rows = flow_rows(flow)
    parameters: dict[str, Any] = {}
    storing = _storing([(None, row) for row in rows], parameters, schema, born_by="")
    if not any("key" in row for row in rows):
        inserting = sql("insert_flow", schema, flow=storing, answer="WHERE false")
        return Statement(inserting, parameters, lambda rows, count: [])
    standing = sql("flow_standing", schema)
    inserting = sql("insert_flow", schema, flow=storing, answer=standing)
    return Statement(inserting, parameters, duplicates_of(flow.jobs))


def flow_rows(flow: Flow) -> list[dict[str, Any]]:
    """What an insert says of each job of a flow: what it waits for, and what waits for it.

    Raises PayloadError for a job that Postgres would refuse.
    """
    awaited = Counter(after for _, after in flow.links)
    links: defaultdict[UUID, list[Link]] = defaultdict(list)
    for link in flow.links:
        links[link[0]].append(link)
    return [
        {
            **insert_parameters(job),
            "flow": flow.id,
            "waits_for": awaited[job.id],
            "on_failure": flow.on_failure.get(job.id),
            "links": links[job.id],
        }
        for job in flow.jobs
    ]


def born_of(
    born: Sequence[tuple[UUID, Mapping[str, Any]]], parameters: dict[str, Any], schema: str | None
) -> str:
    """How flows are inserted by the statement that completes their parents.

    `born` are the parents' ids and what `flow_rows` says, or `insert_parameters` of a job that is
    in no flow; the parameters are added to.
    """
    join = "\n  JOIN completed ON completed.id = new.parent"
    return _storing(born, parameters, schema, born_by=join)


def _storing(
    born: Sequence[tuple[UUID | None, Mapping[str, Any]]],
    parameters: dict[str, Any],
    schema: str | None,
    born_by: str,
) -> str:
    """How jobs of flows are inserted; the parameters are added to."""
    rows = [row for _, row in born]
    links = [link for row in rows for link in row.get("links", ())]
    given: dict[str, Any] = {
        **columns(rows),
        "parent": [parent for parent, _ in born],
        "of": [row.get("flow") for row in rows],
        "waits_for": [row.get("waits_for", 0) for row in rows],
        "on_failure": [row.get("on_failure") for row in rows],
        "before": [before for before, _ in links],
        "after": [after for _, after in links],
    }
    parameters |= {f"flow_{name}": value for name, value in given.items()}
    trace = trace_fragments(given)
    fragments = {**trace, "traces": trace["traces"].replace("%(", "%(flow_")}
    if "key" in given:
        held = sql("held", schema, holding="flow_held", asking="flow_asked")
        fragments |= _KEYS | {"settled": sql("flow_unique", schema, held=held, **trace)}
    else:
        fragments |= _NO_KEYS | {"settled": sql("flow_plain", schema)}
    return sql("flow", schema, born=born_by, **fragments)


_KEYS = {
    "key": ", key, unique_for",
    "keys": ", %(flow_key)s::text[], %(flow_unique_for)s::float8[]",
}
_NO_KEYS = dict.fromkeys(_KEYS, "")


class SweptLinks(NamedTuple):
    """Where to go on, None at the end; and which of the jobs have ended."""

    next: Link | None
    ended: Sequence[UUID]


def sweep(link: Link | None, schema: str | None) -> Statement[SweptLinks]:
    """Find jobs that ended by a hand-typed statement, among the dependencies after this one."""
    job, following = link or (_START, _START)
    return Statement(
        sql("sweep_links", schema),
        {"job": job, "next": following, "limit": SWEPT},
        lambda rows, count: SweptLinks(
            (rows[-1][0], rows[-1][1]) if len(rows) == SWEPT else None,
            [*dict.fromkeys(job for job, _, has_ended in rows if has_ended)],
        ),
    )


class Watched(NamedTuple):
    """Where to go on, None at the end; and which of the jobs have ended."""

    next: UUID | None
    ended: Sequence[UUID]


def watch(job: UUID | None, schema: str | None) -> Statement[Watched]:
    """Find jobs that have ended among the watched ones after this one, a page of them."""
    return Statement(
        sql("watch_links", schema),
        {"job": job or _START, "limit": WATCHED},
        lambda rows, count: Watched(
            rows[-1][0] if len(rows) == WATCHED else None,
            [job for job, has_ended in rows if has_ended],
        ),
    )


def advance(jobs: Sequence[UUID], schema: str | None) -> Statement[Sequence[UUID]]:
    """Release some of what waits for these jobs, which have ended; returns those with more."""
    return Statement(
        sql("advance_further", schema),
        {"jobs": list(jobs), "budget": RELEASED},
        lambda rows, count: rows[0][0],
    )


def advance_watched(schema: str | None) -> Steps[None]:
    """Go on with flows whose jobs ended unnoticed: for loops of one's own, without a worker."""
    watched = yield watch(None, schema)
    if watched.ended:
        yield advance(watched.ended, schema)
