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
from ..claims import J, Mode, Room, claim
from ..refused_claims import Apart, RefusedClaim, apart_from, repeated, skipping, together
from .keys import ParkedKeys, claim_by_key
from .turns import MOST_BY_TURNS, Turns


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to claim: at most `limit` jobs of these lanes, at most `sizes[name]` of each queue.

    `limited` are the queues that have a limit, `types` the types that have one. If limits by key
    are all there are, `most` jobs are claimed instead of `limit`: they leave slots to others. Jobs
    of the `freed` keys have ended since the last claim; if it is not known of which, any may have.
    """

    sizes: Mapping[str, int]
    lanes: Sequence[Lane]
    limit: int
    limited: Sequence[str]
    types: Sequence[str]
    most: int = 0
    freed: Collection[str] | ParkedKeys = field(default_factory=ParkedKeys)


@dataclass(slots=True)
class Counted(Generic[J]):
    """The result of a claim within limits.

    `full` queues and `full_types` take no more jobs until one of theirs ends. `exhausted` types may
    start jobs again in so many seconds. Another claim counts the jobs of `busy_queues` and
    `busy_types` at this moment. Only a claim `apart` has `refused` jobs. There may be
    `more` jobs behind those that it took or parked. The `held` keys have room, and other
    transactions hold their parked jobs.
    """

    jobs: list[J] = field(default_factory=list)
    full: set[str] = field(default_factory=set)
    full_types: set[str] = field(default_factory=set)
    exhausted: dict[str, float] = field(default_factory=dict)
    busy_queues: set[str] = field(default_factory=set)
    busy_types: set[str] = field(default_factory=set)
    refused: list[RefusedClaim[J]] = field(default_factory=list)
    more: bool = False
    held: set[str] = field(default_factory=set)


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
    of_kinds: dict[str, dict[str, Room]] = {
        kind: {} for kind in ("queue", "type", "rate", "keys", "fair")
    }
    for kind, subject, few, _, is_idle in capacities:
        of_kinds[kind][subject] = Room(few, _ANY if is_idle else few)
    rooms, slots, rates = of_kinds["queue"], of_kinds["type"], of_kinds["rate"]
    counted.full.update(queue for queue, room in rooms.items() if room.left <= 0)
    sizes = {
        queue: min(size, rooms[queue].left) if queue in rooms else size
        for queue, size in wanted.sizes.items()
        if queue not in counted.full and queue not in counted.busy_queues
    }
    counted.full_types.update(type_ for type_, room in slots.items() if room.left <= 0)
    counted.exhausted |= {
        type_: wait or 0.0
        for kind, type_, few, wait, _ in capacities
        if kind == "rate" and few <= 0
    }
    starts = {**rates}
    for type_, room in slots.items():
        starts[type_] = Room(*map(min, room, starts.get(type_, room)))
    shut = {*counted.exhausted, *counted.full_types, *counted.busy_types}
    starts = {type_: room for type_, room in starts.items() if type_ not in shut}
    lanes = [lane for lane in wanted.lanes if lane[0] not in shut]
    if not sizes or not lanes:
        return counted
    fair = of_kinds["fair"]
    most = min(wanted.most, MOST_BY_TURNS) if fair else wanted.most
    limit = wanted.limit if rooms or starts else max(wanted.limit, most)

    turns = Turns({queue: min(sizes[queue], limit) for queue in sizes if queue in fair})

    def remaining(found: Apart[J]) -> Statement[list[J]]:
        """The claim of what is left beside what was found before."""
        taken = Counter(job.queue for job in found.jobs)
        claiming = claim(
            mode,
            worker,
            {queue: size - taken[queue] for queue, size in sizes.items()},
            lanes,
            limit - len(found.jobs),
            limited=queues,
            starts=_less(starts, _weights(found.jobs, "type")),
            rooms=_less(rooms, _weights(found.jobs, "queue")),
            counted=types,
        )
        return turns.of(skipping(claiming, [*skipped, *found.stuck]))

    def apart_remaining(found: Apart[J]) -> Statement[Apart[J]]:
        return apart_from(remaining(found), alone)

    by_key = of_kinds["keys"]
    found: Apart[J] = Apart([], [])
    if by_key:
        rated = {subject for subject, rate in by_key.items() if rate.left is not None}
        left = apart_remaining if apart else lambda found: together(remaining(found))
        claiming = claim_by_key(left, limit, sizes, lanes, wanted.freed, rated, turns)
        found, counted.more, counted.held = yield from claiming
        counted.more = counted.more or len(found.jobs) >= limit
    else:
        yield from turns.find(remaining(found))
        if apart:
            found = yield from repeated(apart_remaining)
        else:
            found = Apart((yield remaining(found)), [])
    yield from turns.note(found.jobs)
    counted.jobs, counted.refused = found.jobs, found.refused
    counted.more = counted.more or turns.more
    taken, started = _weights(counted.jobs, "queue"), _weights(counted.jobs, "type")
    counted.full.update(queue for queue in rooms if taken[queue] >= rooms[queue].left)
    counted.full_types.update(type_ for type_ in slots if started[type_] >= slots[type_].left)
    if of_rates := [type_ for type_ in rates if started[type_]]:
        consumed = {"types": of_rates, "counts": [started[type_] for type_ in of_rates]}
        yield Statement("limit/consume", consumed, nothing)
    return counted


def _weights(jobs: Sequence[J], of: str) -> Counter[str]:
    """The weights of the jobs, summed by their queues or types."""
    sums: Counter[str] = Counter()
    for job in jobs:
        sums[getattr(job, of)] += job.weight or 1
    return sums


def _less(rooms: Mapping[str, Room], taken: Mapping[str, int]) -> dict[str, Room]:
    """What is left when so much of it was taken; then no job is the first."""
    return {
        name: Room(room.left - taken[name], room.left - taken[name]) if name in taken else room
        for name, room in rooms.items()
    }


_ANY = 2**62
"""More than any job weighs."""
