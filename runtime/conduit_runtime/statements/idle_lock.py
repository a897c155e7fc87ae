"""The idle lock of a worker: commits pay for a NOTIFY only while a worker holds it."""

from collections.abc import Sequence

from ..postgres.statement import Statement, nothing, quote

LATE = "late"
"""The payload of a notification about a job that became due long ago."""


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


def acquire(queues: Sequence[str]) -> Statement[list[str]]:
    """Take those idle locks of these queues that are free; returns the queues of the others."""
    return Statement(
        "worker/idle_lock_acquire",
        {"queues": list(queues)},
        lambda rows, count: [queue for queue, taken in rows if not taken],
    )


def someone_holds(queues: Sequence[str]) -> Statement[bool]:
    """Whether idle workers hold these idle locks, rather than commits in progress."""
    return Statement(
        "worker/idle_lock_is_held",
        {"queues": list(queues)},
        lambda rows, count: all(held for (held,) in rows),
    )


def release(queues: Sequence[str]) -> Statement[None]:
    """Release the idle locks, and notify the idle workers so that one of them takes each lock."""
    return Statement("worker/idle_lock_release", {"queues": list(queues)}, nothing)
