"""Claims that count jobs, for queues with a limit and types with a rate.

One statement locks the rows of the limits, the next one counts: it sees what others claimed before.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from ..postgres.statement import Rows, Statement, nothing, sql
from ..postgres.steps import Steps
from .claims import ALL_PRIORITIES, Lane, claim

__all__ = ["Counted", "Wanted", "claim_within", "counted_claim"]


class _Typed(Protocol):
    @property
    def type(self) -> str: ...

    @property
    def queue(self) -> str: ...


J = TypeVar("J", bound=_Typed)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to claim: at most `limit` jobs of these lanes, at most `sizes[name]` of each queue.

    `limited` are those of the queues, and `rated` those of the types, that have a limit.
    """

    sizes: Mapping[str, int]
    lanes: Sequence[Lane]
    limit: int
    limited: Sequence[str]
    rated: Sequence[str]


@dataclass(slots=True)
class Counted(Generic[J]):
    """What a claim within limits gave.

    `full` queues take no more until one of their jobs ends. `exhausted` types may start again in so
    many seconds. Another claim counts the jobs of `busy_queues` and `busy_types` just now.
    """

    jobs: list[J] = field(default_factory=list)
    full: set[str] = field(default_factory=set)
    exhausted: dict[str, float] = field(default_factory=dict)
    busy_queues: set[str] = field(default_factory=set)
    busy_types: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Capacity:
    """The jobs of queues and the starts of types that are left, and the seconds to more starts."""

    queues: dict[str, int]
    types: dict[str, int]
    seconds: dict[str, float]


Build = Callable[
    [Mapping[str, int], Sequence[Lane], Mapping[str, int], Collection[str]], Statement[list[J]]
]


def claim_within(
    wanted: Wanted, build: Build[J], schema: str | None, *, waits: bool
) -> Steps[Counted[J]]:
    """Claim as far as the limits allow, as the statements of one READ COMMITTED transaction.

    `build` makes the claim of these sizes and lanes, with the starts that are left of each type
    that has a rate, and the queues whose limits are counted. With `waits`, others who count are
    waited for; otherwise what they count is left out.
    """
    queues, types = yield _lock(wanted, schema, waits)
    counted: Counted[J] = Counted()
    if not waits:
        counted.busy_queues.update(set(wanted.limited).difference(queues))
        counted.busy_types.update(set(wanted.rated).difference(types))
    capacity: _Capacity = yield _read_capacity(queues, types, schema)
    counted.full.update(queue for queue, left in capacity.queues.items() if left <= 0)
    sizes = {
        queue: min(size, capacity.queues.get(queue, size))
        for queue, size in wanted.sizes.items()
        if queue not in counted.full and queue not in counted.busy_queues
    }
    starts = {type_: left for type_, left in capacity.types.items() if left > 0}
    counted.exhausted = {
        type_: capacity.seconds[type_] for type_ in capacity.types if type_ not in starts
    }
    shut = {*counted.exhausted, *counted.busy_types}
    lanes = [lane for lane in wanted.lanes if lane[0] not in shut]
    if not sizes or not lanes:
        return counted
    counted.jobs = yield build(sizes, lanes, starts, queues)
    taken = Counter(job.queue for job in counted.jobs)
    counted.full.update(queue for queue in taken if taken[queue] == capacity.queues.get(queue))
    started = Counter(job.type for job in counted.jobs if job.type in starts)
    if started:
        yield _consume(started, schema)
    return counted


def counted_claim(
    worker: str,
    sizes: Mapping[str, int],
    lanes: Sequence[Lane],
    starts: Mapping[str, int],
    limited: Collection[str],
    limit: int,
    token: Any,
    schema: str | None,
    decode: Callable[[Rows, int], list[J]],
    allowed: str,
    **fragments: str,
) -> Statement[list[J]]:
    """The claim itself, of `limited` queues too.

    `starts` are the jobs of each type with a rate that it may take.
    """
    parameters = claim(worker, sizes, lanes, limit, limit, (), token, limited, starts)
    rows = sql("claim/due_rows", schema, allowed=allowed, present=ALL_PRIORITIES["present"])
    if starts:
        rows = sql("claim/rate_filter", schema, due_rows=rows)
        parameters["starts"] = list(starts.values())
    recent_scan = ALL_PRIORITIES["recent_scan"]
    claiming = sql("claim/claim", schema, rows=rows, recent_scan=recent_scan, **fragments)
    return Statement(claiming, parameters, decode)


def _lock(
    wanted: Wanted, schema: str | None, waits: bool
) -> Statement[tuple[list[str], list[str]]]:
    """Lock the limits; returns those that were locked."""
    return Statement(
        sql(
            "limit/lock_limits",
            schema,
            wait="" if waits else "SKIP LOCKED",
            end_when_idle="" if waits else sql("limit/end_when_idle", schema),
        ),
        {"queues": list(wanted.limited), "types": list(wanted.rated)},
        lambda rows, count: (
            [subject for kind, subject in rows if kind == "queue"],
            [subject for kind, subject in rows if kind == "type"],
        ),
    )


def _read_capacity(
    queues: Sequence[str], types: Sequence[str], schema: str | None
) -> Statement[_Capacity]:
    return Statement(
        sql("limit/capacity", schema),
        {"queues": list(queues), "types": list(types)},
        lambda rows, count: _Capacity(
            {subject: capacity for kind, subject, capacity, _ in rows if kind == "queue"},
            {subject: capacity for kind, subject, capacity, _ in rows if kind == "type"},
            {subject: seconds or 0.0 for kind, subject, _, seconds in rows if kind == "type"},
        ),
    )


def _consume(starts: Mapping[str, int], schema: str | None) -> Statement[None]:
    """Note that so many jobs of these types start now."""
    return Statement(
        sql("limit/consume", schema),
        {"types": list(starts), "counts": list(starts.values())},
        nothing,
    )
