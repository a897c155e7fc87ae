"""Checks that pauses, limits and rates were kept, from the history of a run. Pure."""

from collections.abc import Iterator
from datetime import timedelta

from history import History, Move

JUMPING = timedelta(seconds=0.1)
"""Claims so close to a jump of the clock are not judged: they may be counted before or after it."""


def check_pauses(history: History) -> Iterator[str]:
    """Check that nothing is claimed from a paused queue, whatever was done to the worker."""
    for pause in history.pauses:
        for move in history.moves:
            if (
                move.draws_token
                and move.queue == pause.queue
                and pause.began <= move.asked_at
                and move.committed_at <= pause.ended
            ):
                yield f"{move.job}: was claimed from {pause.queue}, paused since {pause.began}"


def check_limits(history: History) -> Iterator[str]:
    """Check that no more jobs of a limited queue run than its limit allows."""
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


def check_rates(history: History) -> Iterator[str]:
    """Check the rates: how many jobs of a type are claimed in a period of the server's clock."""
    for type_, (starts, seconds) in history.rates.items():
        claims = sorted(
            (move.clock, move.job)
            for move in history.moves
            if move.is_claim and move.type == type_ and not _straddles_a_jump(history, move)
        )
        for (first, _), (last, job) in zip(claims, claims[starts:], strict=False):
            if last - first < timedelta(seconds=seconds):
                yield f"{job}: was claimed at {last}, and {starts} of {type_} since {first}"


def _straddles_a_jump(history: History, claim: Move) -> bool:
    return any(
        claim.asked_at - JUMPING <= jump <= claim.committed_at + JUMPING for jump in history.jumps
    )
