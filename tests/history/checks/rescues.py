"""How soon the jobs of killed workers were rescued, and which workers could have done it before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from history import History

__all__ = ["HEARTBEAT", "LIMIT", "Rescue", "rescues", "watched"]

LIMIT = timedelta(seconds=5.5)
"""How long a worker may look on: the promised 5 s, and the time of the last heartbeat."""
HEARTBEAT = timedelta(seconds=1.1)
"""The most that counts from one heartbeat to the next: on a loaded machine more time passes."""


@dataclass(frozen=True, slots=True)
class Rescue:
    """A rescue: `killed` held jobs at its end, the time `at`; `by` rescued them `after` so long.

    `watched` gives for each other worker the longest time without a break in which it could have
    rescued the jobs. Such a time begins with a heartbeat after the kill and after the last
    disturbance of the worker or the server. It ends with the rescue or the next disturbance. A cut
    connection is a disturbance too, since the worker then judges the others anew. Between two
    heartbeats at most `HEARTBEAT` counts.
    """

    killed: str
    at: datetime
    after: timedelta
    by: str
    watched: Mapping[str, timedelta]

    @property
    def looked_on(self) -> timedelta:
        """The longest time in which an undisturbed worker could have rescued the jobs."""
        return max(self.watched.values(), default=timedelta(0))

    def __str__(self) -> str:
        watched = ", ".join(
            f"{name} {time.total_seconds():.1f} s" for name, time in self.watched.items()
        )
        return (
            f"{self.killed} was killed at {self.at:%T} and {self.by} rescued its jobs after "
            f"{self.after.total_seconds():.1f} s; on end looked on: {watched}"
        )


def rescues(history: History) -> list[Rescue]:
    """Every rescue of jobs of killed workers, one for each time at which jobs were rescued."""
    killed = {each.process: each.ended for each in history.disturbances if each.kind == "kill"}
    heartbeats = history.heartbeats_by_process()
    taken = {
        (claim.process, move.process, move.at)
        for moves in history.by_job().values()
        for claim, move in pairwise(moves)
        if claim.draws_token and move.rescued and claim.process in killed
    }
    return [
        Rescue(
            process,
            killed[process],
            at - killed[process],
            by,
            {
                name: time
                for name in heartbeats
                if (time := watched(history, name, heartbeats[name], killed[process], at))
            },
        )
        for process, by, at in taken
    ]


def watched(
    history: History, process: str, heartbeats: Sequence[datetime], since: datetime, until: datetime
) -> timedelta:
    """The longest time without a disturbance in which the process could look on."""
    longest = on_end = timedelta(0)
    for heartbeat, following in pairwise(
        [*(heartbeat for heartbeat in heartbeats if since < heartbeat < until), until]
    ):
        if history.was_disturbed(frozenset({process}), heartbeat, following):
            on_end = timedelta(0)
        else:
            on_end += min(following - heartbeat, HEARTBEAT)
            longest = max(longest, on_end)
    return longest
