"""The idle lock of a worker: commits pay for a NOTIFY only while a worker holds it."""

from collections.abc import Sequence
from typing import NamedTuple

from ..model.lanes import Lane
from ..postgres.statement import Rows, Statement, nothing, quote
from .claims import next_due

LATE = "late"
"""The payload of a notification about a job that became due long ago."""
ROOM = "room"
"""The payload of the notification that a rate, which was exhausted, has room again."""
RELEASED = "released"
"""The payload of the notification that an idle lock was released."""


def channels(queues: Sequence[str]) -> Statement[list[str]]:
    """The channels of new jobs in these queues, and the channel of changes by operators."""
    return Statement(
        "worker/idle_channels",
        {"queues": list(queues)},
        lambda rows, count: [channel for (channel,) in rows],
    )


def listen(channel: str) -> Statement[None]:
    """Receive the notifications of a channel on this connection."""
    return Statement(f"LISTEN {quote(channel)}", {}, nothing)


class Acquired(NamedTuple):
    """Queues by their idle locks: taken now, shared by commits in progress, held by a worker."""

    taken: list[str]
    shared: list[str]
    held: list[str]


def acquire(queues: Sequence[str]) -> Statement[Acquired]:
    """Take those idle locks of these queues that are free."""

    def decode(rows: Rows, count: int) -> Acquired:
        return Acquired(*([q for q, state in rows if state == name] for name in Acquired._fields))

    return Statement("worker/idle_lock_acquire", {"queues": list(queues)}, decode)


def await_commits(queue: str, seconds: float) -> Statement[None]:
    """Take the idle lock of a queue when the commits in progress that hold it have ended.

    Commits that begin meanwhile notify. Raises LockNotAvailable if that takes `seconds`.
    """
    parameters = {"queues": [queue], "patience": f"{seconds * 1000:.0f}ms"}
    return Statement("worker/idle_lock_await", parameters, nothing)


def poll(
    queues: Sequence[str], lanes: Sequence[Lane], missing: Sequence[str]
) -> Statement[tuple[float | None, list[str]]]:
    """As `next_due`, and take those of the `missing` idle locks that are free by now."""
    due = next_due(queues, lanes)
    return Statement(
        "worker/idle_poll",
        {**due.parameters, "missing": list(missing)},
        lambda rows, count: (rows[0][0], rows[0][1]),
        due.fragments,
    )


def release(queues: Sequence[str]) -> Statement[None]:
    """Release the idle locks, and notify the idle workers so that one of them takes each lock."""
    parameters = {"queues": list(queues), "payload": RELEASED}
    return Statement("worker/idle_lock_release", parameters, nothing)
