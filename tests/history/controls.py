"""Checks that pauses and limits were heeded, from the history of a run. Pure."""

from collections.abc import Iterator
from datetime import timedelta

from history import History

HEARING = timedelta(seconds=2)
"""How long it may take until a worker that nobody disturbs has heard of a pause."""


def check_pauses(history: History) -> Iterator[str]:
    """Nothing is claimed from a paused queue, once the worker has heard of it."""
    for pause in history.pauses:
        since = pause.began + HEARING
        for move in history.moves:
            if (
                move.is_claim
                and move.queue == pause.queue
                and since <= move.asked_at
                and move.committed_at <= pause.ended
                and not history.was_disturbed(move.process, pause.began - HEARING, move.at)
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
