"""The claims of a worker: which queues and lanes, how many jobs, and how far back."""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from ..model.claimed import COLUMNS, Claimed, in_order
from ..model.job import Job
from ..model.lanes import Lane
from ..postgres.arrays import array, integers
from ..postgres.statement import Rows, Statement

J = TypeVar("J", Claimed, Job)

BATCH = 1_000
"""The most jobs that a claim of one lane takes."""
_MORE_FOR_A_LANE = 5
MOST = 2_000
"""The most jobs that a claim of any number of lanes takes."""


class Room(NamedTuple):
    """How much weight may start now; one job may weigh up to `alone`, if it is the first."""

    left: int
    alone: int


def most_of_a_claim(lanes: int, queues: int) -> int:
    """The most jobs that a claim takes; any claim scans every lane of every queue."""
    return min(MOST, BATCH + _MORE_FOR_A_LANE * (lanes * queues - 1))


@dataclass(frozen=True)
class Mode(Generic[J]):
    """A way of claiming jobs: the query, its fragments and further parameters, and its decoder."""

    query: str
    fragments: Mapping[str, str]
    decode: Callable[[Rows, UUID], list[J]]
    parameters: Mapping[str, Any] = field(default_factory=dict)


BY_WORKERS = Mode(
    "claim/claim",
    {
        "returning": COLUMNS,
        "columns": COLUMNS,
        # A hand-typed retry of a running job leaves its start and its lease in the row.
        "lease": "start_written = NULL, leased_until = NULL",
        "lease_seconds": "NULL",
        "allowed": "EXISTS (SELECT FROM {conduit_workers} WHERE name = %(worker)s)",
    },
    lambda rows, token: [Claimed(token, *row) for row in in_order(rows)],
)
"""Claims until the worker ends or dies; a worker that is no longer registered claims nothing."""


def claim(
    mode: Mode[J],
    worker: str,
    queues: Mapping[str, int],
    lanes: Sequence[Lane],
    limit: int,
    *,
    depth: int | None = None,
    bounds: Sequence[tuple[str, int, int, int]] = (),
    ages: Sequence[float] | None = None,
    limited: Collection[str] = (),
    starts: Mapping[str, Room] = {},
    rooms: Mapping[str, Room] = {},
    counted: Collection[str] = (),
) -> Statement[list[J]]:
    """Claim at most `limit` due jobs, at most `queues[name]` of each queue.

    Of the queues with a limit, only the `limited` ones are claimed from; of the types with one, the
    `counted` ones. `starts` says how many jobs to claim of such types, `rooms` how many of queues,
    each as often as it weighs. `depth` is how many heads of each lane are scanned. `bounds` are
    where each (queue, priority) was left: the `run_at`, in microseconds since 2000-01-01 UTC, and
    the `seq`. `ages` has seconds for each queue: only jobs that became due that long ago or later
    are claimed.
    """
    token = uuid.uuid4()
    types, fingerprints = lane_arrays(tuple(lanes))
    parameters = {
        **mode.parameters,
        "worker": worker,
        "token": token,
        "limited": array(limited),
        "counted": array(counted),
        "queues": array(queues),
        "sizes": integers(queues.values()),
        "limit": limit,
        "types": types,
        "fingerprints": fingerprints,
        "depth": limit if depth is None else depth,
        "bound_queues": array([bound[0] for bound in bounds]),
        "bound_priorities": integers([bound[1] for bound in bounds]),
        "bound_run_ats": integers([bound[2] for bound in bounds]),
        "bound_seqs": integers([bound[3] for bound in bounds]),
    }
    fragments = {**mode.fragments, **_PLAIN, **_ALL_PRIORITIES}
    if ages is not None:
        parameters["ages"] = ages
        fragments |= _RECENT
    if starts or rooms:
        parameters |= {
            "capped": array(starts),
            "starts": integers(room.left for room in starts.values()),
            "alone": integers(room.alone for room in starts.values()),
            "roomy": array(rooms),
            "rooms": integers(room.left for room in rooms.values()),
            "rooms_alone": integers(room.alone for room in rooms.values()),
        }
        fragments["rows"] = "{claim/type_filter}"

    def decode(rows: Rows, count: int) -> list[J]:
        # A trigger may have kept a row as it was.
        return mode.decode([row[:-1] for row in rows if row[-1]], token)

    return Statement(mode.query, parameters, decode, fragments)


_PLAIN = {
    "take": "{claim/take}",
    "skipping": "",
    "refusal": ", is_claimed",
    "unless_fair": "",
    "by_turns": "",
}
_ALL_PRIORITIES = {
    "rows": "{claim/due_rows}",
    "recent_scan": "",
    "present": "known.priority IS NULL",
}
_RECENT = {"recent_scan": "{claim/recent_scan}", "present": "false"}


@lru_cache(maxsize=16)
def lane_arrays(lanes: tuple[Lane, ...]) -> tuple[str, str]:
    """The types and fingerprints; cached, since hundreds are too many to write for every claim."""
    return array([type_ for type_, _ in lanes]), array([fingerprint for _, fingerprint in lanes])


def next_due(queues: Sequence[str], lanes: Sequence[Lane]) -> Statement[float | None]:
    """Seconds until the next job is due, negative if one is due already; None if there is none."""
    types, fingerprints = lane_arrays(tuple(lanes))
    return Statement(
        "claim/next_due",
        {"queues": list(queues), "types": types, "fingerprints": fingerprints},
        lambda rows, count: rows[0][0],
        {"queue": "wanted.queue"},
    )
