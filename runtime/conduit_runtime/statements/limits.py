"""Claims that count: what the limits of queues and the rates of types leave.

The rows of the limits are locked by a statement before the one that counts: only then does it see
what everybody claimed who held them before.
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

    `full` are the queues that take no more until a job of theirs ends, `spent` the types that may
    start in so many seconds again. Somebody else counts the jobs of `busy_queues` and `busy_types`
    just now.
    """

    jobs: list[J] = field(default_factory=list)
    full: set[str] = field(default_factory=set)
    spent: dict[str, float] = field(default_factory=dict)
    busy_queues: set[str] = field(default_factory=set)
    busy_types: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Room:
    """How many jobs of each queue and starts of each type are left, and when more of these are."""

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
    room: _Room = yield _room(queues, types, schema)
    counted.full.update(queue for queue, left in room.queues.items() if left <= 0)
    sizes = {
        queue: min(size, room.queues.get(queue, size))
        for queue, size in wanted.sizes.items()
        if queue not in counted.full and queue not in counted.busy_queues
    }
    starts = {type_: left for type_, left in room.types.items() if left > 0}
    counted.spent = {type_: room.seconds[type_] for type_ in room.types if type_ not in starts}
    shut = {*counted.spent, *counted.busy_types}
    lanes = [lane for lane in wanted.lanes if lane[0] not in shut]
    if not sizes or not lanes:
        return counted
    counted.jobs = yield build(sizes, lanes, starts, queues)
    taken = Counter(job.queue for job in counted.jobs)
    counted.full.update(queue for queue in taken if taken[queue] == room.queues.get(queue))
    spent = Counter(job.type for job in counted.jobs if job.type in starts)
    if spent:
        yield _spend(spent, schema)
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
    """Lock the limits; answers those that were locked."""
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


def _room(queues: Sequence[str], types: Sequence[str], schema: str | None) -> Statement[_Room]:
    return Statement(
        sql("limit/capacity", schema),
        {"queues": list(queues), "types": list(types)},
        lambda rows, count: _Room(
            {subject: room for kind, subject, room, _ in rows if kind == "queue"},
            {subject: room for kind, subject, room, _ in rows if kind == "type"},
            {subject: seconds or 0.0 for kind, subject, _, seconds in rows if kind == "type"},
        ),
    )


def _spend(starts: Mapping[str, int], schema: str | None) -> Statement[None]:
    """Note that so many jobs of these types start now."""
    return Statement(
        sql("limit/consume", schema),
        {"types": list(starts), "counts": list(starts.values())},
        nothing,
    )
