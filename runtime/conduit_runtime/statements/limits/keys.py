"""Limits by key: which due jobs fit them. The others are parked until their key has room.

A claim chooses under the locks of its limits, so nothing that ends a job has to count. A release
may release too many jobs: the next claim parks them again.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from ...model.lanes import Lane
from ...postgres.arrays import array, integers
from ...postgres.statement import Rows, Statement, nothing
from ...postgres.steps import Steps
from ..claims import J, lane_arrays
from ..refused_claims import Apart
from .turns import Turns

T = TypeVar("T")

_ROUNDS = 3
"""How many times a claim looks for further jobs behind those that it has parked."""
PAGE = 1_000
"""The most keys whose parked jobs one statement releases."""
_RELEASED = 2_000
"""The most jobs that one statement releases."""


@dataclass(frozen=True, slots=True)
class _Judged(Generic[T]):
    """What a claim took, and the keys of jobs that it found and could not take."""

    taken: T
    parked: Sequence[str]
    overtaken: Sequence[str]
    any_parked: bool


def claim_by_key(
    left: Callable[[Apart[J]], Statement[Apart[J]]],
    limit: int,
    queues: Collection[str],
    lanes: Sequence[Lane],
    freed: "Collection[str] | ParkedKeys",
    rated: Collection[str],
    turns: Turns,
) -> Steps[tuple[Apart[J], bool, set[str]]]:
    """Claim at most `limit` jobs within the limits by key, and park the others that it finds.

    `left` gives the claim of what is left to take of these queues and lanes, beside the jobs taken
    and refused before, with the `turns` that were found last. Parked jobs of the `freed` keys are
    released if there is room. Counts starts of `rated` types. Returns also whether there may be
    more behind the jobs that it parked, and the keys whose parked jobs other transactions hold.
    """
    found: Apart[J] = Apart([], [])
    parked: set[str] = set()
    held: set[str] = set()
    more = False
    for _ in range(_ROUNDS):
        yield from turns.find(left(found), found.jobs, parked)
        judged: _Judged[Apart[J]] = yield _by_key(left(found))
        found = Apart(found.jobs + judged.taken.jobs, found.refused + judged.taken.refused)
        starts: Counter[tuple[str, str]] = Counter()
        for job in judged.taken.jobs:
            if job.key is not None and job.type in rated:
                starts[job.type, job.key] += job.weight or 1
        if starts:
            yield consume_keys(starts)
        parked.update(judged.parked)
        more = more or bool(judged.parked or judged.overtaken)
        is_short = len(found.jobs) < limit
        keys = {*judged.overtaken}
        looks_on = False
        if judged.any_parked and is_short:
            if isinstance(freed, ParkedKeys):
                looks_on, was_within = True, freed.is_within
                if not (yield from freed.release(queues, lanes)) and was_within:
                    yield from freed.release(queues, lanes)
            else:
                keys.update(freed)
            freed = ()
        if keys:
            released: Released = yield release_keys(keys, queues, lanes)
            held.update(released.held)
        if not is_short or not (looks_on or keys or judged.parked or judged.taken.refused):
            break
    return found, more, held


def _by_key(claim: Statement[T]) -> Statement[_Judged[T]]:
    def decode(rows: Rows, count: int) -> _Judged[T]:
        taken = [row[3:] for row in rows if row[3] is not None]
        return _Judged(claim.decode(taken, len(taken)), *rows[0][:3])

    fragments = {
        **claim.fragments,
        "scan": claim.fragments["rows"],
        "rows": _STARTING,
        "returning": "job.*",
        "most": "1",
    }
    return Statement("claim/claim_by_key", claim.parameters, decode, fragments)


_STARTING = """ARRAY(
    SELECT ctid FROM judged WHERE starts UNION ALL SELECT ctid FROM found WHERE NOT is_limited
  )"""


class Released(NamedTuple):
    """The result of a release.

    `last` is the last key that it came to, in their order, if there may be more jobs than it
    releases. Of the `held` keys it released none, since other transactions hold them.
    """

    last: str | None
    held: Sequence[str]


def release_keys(
    keys: Collection[str],
    queues: Collection[str] = (),
    lanes: Sequence[Lane] = (),
    most: int = _RELEASED,
) -> Statement[Released]:
    """Release at most so many parked jobs of keys that have room.

    Workers hear of it, except of jobs of these queues and lanes: the caller claims them.
    """
    types, fingerprints = lane_arrays(tuple(lanes))
    parameters = {
        "keys": array(keys),
        "queues": array(queues),
        "types": types,
        "fingerprints": fingerprints,
        "most": most,
    }
    fragments = {"queue": "queue", "most": "%(most)s::integer"}
    return Statement("limit/release_keys", parameters, _released, fragments)


def _released(rows: Rows, count: int) -> Released:
    return Released(*rows[0][:2])


def consume_keys(starts: Mapping[tuple[str, str], int]) -> Statement[None]:
    """Count so many starts by type and key."""
    parameters = {
        "types": array([type_ for type_, _ in starts]),
        "keys": array([key for _, key in starts]),
        "counts": integers(starts.values()),
    }
    return Statement("limit/consume_keys", parameters, nothing)


class ParkedKeys:
    """Goes through the keys of parked jobs, a page at a time, and releases jobs of those with room.

    Behind the last key it begins anew. It stays at a key that has more jobs than one statement
    releases.
    """

    def __init__(self) -> None:
        self._start, self._is_behind = "", False

    @property
    def is_within(self) -> bool:
        """Whether there may be keys before the next ones."""
        return self._is_behind or self._start != ""

    def release(self, queues: Collection[str] = (), lanes: Sequence[Lane] = ()) -> Steps[bool]:
        """Release jobs of the next keys; returns whether others may follow. See `release_keys`."""
        keys: list[str] = yield Statement(
            "limit/parked_keys",
            {"start": self._start, "limit": PAGE},
            lambda rows, count: [key for (key,) in rows],
            {"is_behind": "job.key > %(start)s" if self._is_behind else "job.key >= %(start)s"},
        )
        unfinished = None
        if keys:
            released: Released = yield release_keys(keys, queues, lanes)
            unfinished = released.last
        if unfinished is None and len(keys) < PAGE:
            self._start, self._is_behind = "", False
            return False
        self._start = keys[-1] if unfinished is None else unfinished
        self._is_behind = unfinished is None
        return True


def awaits_room(queues: Collection[str], types: Collection[str]) -> Statement[bool]:
    """Whether a parked job of these queues and types starts once others have run."""
    return Statement(
        "limit/awaits_room",
        {"queues": array(queues), "types": array(types)},
        lambda rows, count: bool(rows[0][0]),
    )
