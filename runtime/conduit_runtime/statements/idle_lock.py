"""The bell that an idle worker holds, so that only then a commit pays for a NOTIFY."""

from collections.abc import Sequence

from ..postgres.statement import Statement, nothing, quote, sql

__all__ = ["LATE", "listen", "release", "someone_holds", "take"]

LATE = "late"
"""What a notification says of a job that became due long after its time."""


def channels(queues: Sequence[str], schema: str | None) -> Statement[list[str]]:
    """The channels on which commits announce jobs of these queues, and that of operators."""
    return Statement(
        sql("bell_channels", schema),
        {"queues": list(queues)},
        lambda rows, count: [channel for (channel,) in rows],
    )


def listen(channel: str) -> Statement[None]:
    """Hear what is announced on a channel, on this connection."""
    return Statement(f"LISTEN {quote(channel)}", {}, nothing)


def take(queues: Sequence[str], schema: str | None) -> Statement[list[str]]:
    """Take the bells of these queues that are free; answers which were not."""
    return Statement(
        sql("bell_take", schema),
        {"queues": list(queues)},
        lambda rows, count: [queue for queue, taken in rows if not taken],
    )


def someone_holds(queues: Sequence[str], schema: str | None) -> Statement[bool]:
    """Whether idle workers hold these bells, and not just commits that are under way."""
    return Statement(
        sql("bell_held", schema),
        {"queues": list(queues)},
        lambda rows, count: all(held for (held,) in rows),
    )


def release(queues: Sequence[str], schema: str | None) -> Statement[None]:
    """Let go of the bells, and wake the idle, so that one of them takes over."""
    return Statement(sql("bell_release", schema), {"queues": list(queues)}, nothing)
