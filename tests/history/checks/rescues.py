"""How soon the jobs of killed workers were rescued, and which workers looked on meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from history import History

__all__ = ["HEARTBEAT", "LIMIT", "Rescue", "rescues", "watched"]

LIMIT = timedelta(seconds=5.5)
"""How long a worker may look on: the 5 s that are promised, and what the last heartbeat takes."""
HEARTBEAT = timedelta(seconds=1.1)
"""What counts at most from one heartbeat to the next: on a loaded machine more time passes."""


@dataclass(frozen=True, slots=True)
class Rescue:
    """Jobs that `killed` held at its end, the time `at`, were rescued `after` so long by `by`.

    `watched` says for how long on end each of the others could have done it, the longest time of
    each: from its first heartbeat that is later than both the kill and whatever was last done to it
    or the server, to the rescue or whatever was done next. A worker whose connection was cut judges
    the others anew, so it starts anew here. Of the time between two heartbeats at most `HEARTBEAT`
    counts.
    """

    killed: str
    at: datetime
    after: timedelta
    by: str
    watched: Mapping[str, timedelta]

    @property
    def looked_on(self) -> timedelta:
        """How long the jobs waited although a worker that nothing disturbed could take them."""
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
    """Every rescue of jobs whose worker was killed, once for each time at which some were taken."""
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
    """How long on end the process could look on between the times, given its `heartbeats`."""
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
