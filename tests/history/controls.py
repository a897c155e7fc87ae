"""Checks that pauses and limits were heeded, from the history of a run. Pure."""

from collections.abc import Iterator

from history import History


def check_pauses(history: History) -> Iterator[str]:
    """Nothing is claimed from a paused queue, whatever the worker has heard of it."""
    for pause in history.pauses:
        for move in history.moves:
            if (
                move.is_claim
                and move.queue == pause.queue
                and pause.began <= move.asked_at
                and move.committed_at <= pause.ended
            ):
                yield f"{move.job}: was claimed from {pause.queue}, paused since {pause.began}"


def check_limits(history: History) -> Iterator[str]:
    """Never do more jobs of a limited queue run than it says."""
    for queue, limit in history.limits.items():
        steps = sorted(
            (move.committed_at, -1 if move.before == "running" else 1, move.job)
            for move in history.moves
            if move.queue == queue and (move.before == "running") != (move.after == "running")
        )
        running = 0
        for at, step, job in steps:
            running += step
            if running > limit:
                yield f"{job}: was one of {running} running jobs of {queue} at {at}"
