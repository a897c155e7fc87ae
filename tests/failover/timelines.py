"""What a failover lost, from the history of a run and from what was noted outside of it. Pure.

With asynchronous replication the end of the old leader's timeline is lost: transactions whose
commit was confirmed. What is left is a history that has to be right by itself. With synchronous
replication nothing is lost.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID

from history import Event, History


@dataclass
class Losses:
    """`jobs` whose commit was confirmed and that are gone, with their promise.

    `rows` are events that handlers committed, and that are gone. `attempts` are the jobs and
    tokens of those whose claim is gone as well: a job that such an attempt had ended runs again.
    """

    jobs: set[UUID] = field(default_factory=set)
    rows: list[Event] = field(default_factory=list)
    attempts: set[tuple[UUID, UUID]] = field(default_factory=set)


def separate(history: History, outside: Iterable[Event]) -> Losses:
    """Take what was lost out of the history, and add to it what handlers did under its claims.

    An event whose claim was lost is no part of the history that is left: such an attempt may go on
    for a while, and what it wrote meanwhile is there.
    """
    losses = Losses(jobs=history.confirmed - history.promises.keys())
    history.confirmed -= losses.jobs
    claims = {(move.job, move.token_after) for move in history.moves if move.draws_token}
    there = {(event.job, event.token, event.what) for event in history.events}
    losses.rows = [each for each in outside if (each.job, each.token, each.what) not in there]
    history.events += [each for each in losses.rows if (each.job, each.token) in claims]
    strays = [each for each in history.events if (each.job, each.token) not in claims]
    losses.attempts = {
        (each.job, each.token)
        for each in [*losses.rows, *strays]
        if (each.job, each.token) not in claims
    }
    history.events = [each for each in history.events if (each.job, each.token) in claims]
    return losses


def check_continuity(history: History) -> Iterator[str]:
    """Each change of a job begins where the one before it ended: on one timeline."""
    for job, moves in history.by_job().items():
        for move, following in pairwise(moves):
            if (following.before, following.token_before) != (move.after, move.token_after):
                yield (
                    f"{job}: was {move.after} with the token {move.token_after}, and then "
                    f"{following.before} with {following.token_before} became {following.after}"
                )
