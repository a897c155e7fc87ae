"""What a failover lost, from the history of a run and from records outside of it. Pure.

With asynchronous replication the end of the old leader's timeline is lost, including transactions
whose commit was confirmed. The history that is left must be right by itself. With synchronous
replication nothing is lost.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID

from history import Event, History


@dataclass
class Losses:
    """The losses of a failover.

    `jobs` are lost with their promise, though their commit was confirmed. `rows` are lost events
    that handlers committed. `attempts` are the jobs and tokens of lost claims. If such an attempt
    had ended its job, the job runs again.
    """

    jobs: set[UUID] = field(default_factory=set)
    rows: list[Event] = field(default_factory=list)
    attempts: set[tuple[UUID, UUID]] = field(default_factory=set)


def separate(history: History, outside: Iterable[Event]) -> Losses:
    """Remove what was lost from the history, and add what handlers did under the claims left.

    Events of a lost claim are removed too: such an attempt may continue for a while, and what it
    writes is stored. A lost event that says that a step has finished is not added: the record of
    the step, which committed before it, may be lost as well.
    """
    losses = Losses(jobs=history.confirmed.keys() - history.promises.keys())
    for job in losses.jobs:
        del history.confirmed[job]
    claims = {(move.job, move.token_after) for move in history.moves if move.draws_token}
    there = {(event.job, event.token, event.what) for event in history.events}
    losses.rows = [each for each in outside if (each.job, each.token, each.what) not in there]
    history.events += [
        each
        for each in losses.rows
        if (each.job, each.token) in claims and not each.what.startswith("finished ")
    ]
    strays = [each for each in history.events if (each.job, each.token) not in claims]
    losses.attempts = {
        (each.job, each.token)
        for each in [*losses.rows, *strays]
        if (each.job, each.token) not in claims
    }
    history.events = [each for each in history.events if (each.job, each.token) in claims]
    return losses


def check_continuity(history: History) -> Iterator[str]:
    """Check that each change of a job begins where the one before ended: on one timeline."""
    for job, moves in history.by_job().items():
        for move, following in pairwise(moves):
            if (following.before, following.token_before) != (move.after, move.token_after):
                yield (
                    f"{job}: was {move.after} with the token {move.token_after}, and then "
                    f"{following.before} with {following.token_before} became {following.after}"
                )
