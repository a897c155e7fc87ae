"""Claims that count jobs, for queues and types with a limit.

One statement locks the rows of the limits. The next one counts, and so sees the claims before it.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic
from uuid import UUID

from ...model.lanes import Lane
from ...postgres.statement import Rows, Statement, nothing
from ...postgres.steps import Steps
from ..claims import J, Mode, claim
from ..refused_claims import Apart, RefusedClaim, claim_apart, skipping
from .keys import choose_by_key, consume_keys


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to claim: at most `limit` jobs of these lanes, at most `sizes[name]` of each queue.

    `limited` are the queues that have a limit, `types` the types that have one. If limits by key
    are all there are, `most` jobs are claimed instead of `limit`: they leave slots to others. Jobs
    of the `freed` keys have ended since the last claim; None: it is not known of which.
    """

    sizes: Mapping[str, int]
    lanes: Sequence[Lane]
    limit: int
    limited: Sequence[str]
    types: Sequence[str]
    most: int = 0
    freed: Collection[str] | None = None


@dataclass(slots=True)
class Counted(Generic[J]):
    """The result of a claim within limits.

    `full` queues and `full_types` take no more jobs until one of theirs ends. `exhausted` types may
    start jobs again in so many seconds. Another claim counts the jobs of `busy_queues` and
    `busy_types` at this moment. Only a claim `apart` has `refused` jobs. There may be
    `more` jobs behind those that it took or parked.
    """

    jobs: list[J] = field(default_factory=list)
    full: set[str] = field(default_factory=set)
    full_types: set[str] = field(default_factory=set)
    exhausted: dict[str, float] = field(default_factory=dict)
    busy_queues: set[str] = field(default_factory=set)
    busy_types: set[str] = field(default_factory=set)
    refused: list[RefusedClaim[J]] = field(default_factory=list)
    more: bool = False


def claim_within(
    mode: Mode[J],
    worker: str,
    wanted: Wanted,
    *,
    waits: bool,
    apart: bool = False,
    alone: bool = True,
    skipped: Collection[UUID] = (),
) -> Steps[Counted[J]]:
    """Claim as far as the limits allow, as the statements of one READ COMMITTED transaction.

    With `waits`, it waits for other claims that count; otherwise it leaves out what they count.
    `apart`, `alone` and `skipped` are for refused jobs: see `claim_apart`.
    """
    locked: Rows = yield Statement(
        "limit/lock_limits",
        {"queues": list(wanted.limited), "types": list(wanted.types)},
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
        counted.busy_types.update(set(wanted.types).difference(types))
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
    slots = {type_: capacity for kind, type_, capacity, _ in capacities if kind == "type"}
    rates = {type_: (few, wait) for kind, type_, few, wait in capacities if kind == "rate"}
    counted.full_types.update(type_ for type_, capacity in slots.items() if capacity <= 0)
    counted.exhausted |= {type_: wait or 0.0 for type_, (few, wait) in rates.items() if few <= 0}
    starts = {type_: capacity for type_, (capacity, _) in rates.items()}
    for type_, capacity in slots.items():
        starts[type_] = min(capacity, starts.get(type_, capacity))
    shut = {*counted.exhausted, *counted.full_types, *counted.busy_types}
    starts = {type_: capacity for type_, capacity in starts.items() if type_ not in shut}
    lanes = [lane for lane in wanted.lanes if lane[0] not in shut]
    if not sizes or not lanes:
        return counted
    limit = wanted.limit if left or starts else max(wanted.limit, wanted.most)
    claiming = claim(
        mode, worker, sizes, lanes, limit, limited=queues, starts=starts, counted=types
    )
    by_key = {subject: few for kind, subject, few, _ in capacities if kind == "keys"}
    if by_key:
        choosing = choose_by_key(skipping(claiming, skipped), limit, sizes, wanted.freed)
        claiming, counted.more = yield from choosing
    if apart:
        found: Apart[J] = yield from claim_apart(claiming, alone=alone, skipped=skipped)
        counted.jobs, counted.refused = found.jobs, found.refused
    else:
        counted.jobs = yield skipping(claiming, skipped)
    counted.more = counted.more or (bool(by_key) and len(counted.jobs) >= limit)
    taken = Counter(job.queue for job in counted.jobs)
    counted.full.update(queue for queue in taken if taken[queue] == left.get(queue))
    started = Counter(job.type for job in counted.jobs)
    counted.full_types.update(type_ for type_ in slots if started[type_] == slots[type_])
    if rated := [type_ for type_ in rates if started[type_]]:
        consumed = {"types": rated, "counts": [started[type_] for type_ in rated]}
        yield Statement("limit/consume", consumed, nothing)
    if key_starts := Counter(
        (job.type, job.key) for job in counted.jobs if job.key is not None and by_key.get(job.type)
    ):
        yield consume_keys(key_starts)
    return counted
