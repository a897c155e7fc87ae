"""Claims that count jobs, for queues with a limit and types with a rate.

One statement locks the rows of the limits, the next one counts: it sees what others claimed before.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic

from ..model.lanes import Lane
from ..postgres.statement import Rows, Statement, nothing
from ..postgres.steps import Steps
from .claims import J, Mode, claim


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
    """What a claim within limits returned.

    `full` queues take no more until one of their jobs ends. `exhausted` types may start again in so
    many seconds. Another claim counts the jobs of `busy_queues` and `busy_types` just now.
    """

    jobs: list[J] = field(default_factory=list)
    full: set[str] = field(default_factory=set)
    exhausted: dict[str, float] = field(default_factory=dict)
    busy_queues: set[str] = field(default_factory=set)
    busy_types: set[str] = field(default_factory=set)


def claim_within(mode: Mode[J], worker: str, wanted: Wanted, *, waits: bool) -> Steps[Counted[J]]:
    """Claim as far as the limits allow, as the statements of one READ COMMITTED transaction.

    With `waits`, others who count are waited for; otherwise what they count is left out.
    """
    locked: Rows = yield Statement(
        "limit/lock_limits",
        {"queues": list(wanted.limited), "types": list(wanted.rated)},
        lambda rows, count: rows,
        {
            "wait": "" if waits else "SKIP LOCKED",
            "end_when_idle": "" if waits else "{limit/end_when_idle}",
        },
    )
    queues = [subject for kind, subject in locked if kind == "queue"]
    types = [subject for kind, subject in locked if kind == "type"]
    counted: Counted[J] = Counted()
    if not waits:
        counted.busy_queues.update(set(wanted.limited).difference(queues))
        counted.busy_types.update(set(wanted.rated).difference(types))
    capacities: Rows = yield Statement(
        "limit/capacity", {"queues": queues, "types": types}, lambda rows, count: rows
    )
    left = {queue: capacity for kind, queue, capacity, _ in capacities if kind == "queue"}
    counted.full.update(queue for queue, capacity in left.items() if capacity <= 0)
    sizes = {
        queue: min(size, left.get(queue, size))
        for queue, size in wanted.sizes.items()
        if queue not in counted.full and queue not in counted.busy_queues
    }
    starts = {}
    for kind, type_, capacity, seconds in capacities:
        if kind == "type" and capacity > 0:
            starts[type_] = capacity
        elif kind == "type":
            counted.exhausted[type_] = seconds or 0.0
    shut = {*counted.exhausted, *counted.busy_types}
    lanes = [lane for lane in wanted.lanes if lane[0] not in shut]
    if not sizes or not lanes:
        return counted
    counted.jobs = yield claim(
        mode, worker, sizes, lanes, wanted.limit, limited=queues, starts=starts
    )
    taken = Counter(job.queue for job in counted.jobs)
    counted.full.update(queue for queue in taken if taken[queue] == left.get(queue))
    started = Counter(job.type for job in counted.jobs if job.type in starts)
    if started:
        consumed = {"types": list(started), "counts": list(started.values())}
        yield Statement("limit/consume", consumed, nothing)
    return counted
