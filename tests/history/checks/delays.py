"""Checks that nothing waits because other work is refused or large. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from checker import ENDED, is_refused
from history import Event, History, Move, Promise
from rescues import HEARTBEAT, watched

LIMIT = timedelta(seconds=2)
"""How long the outcome of a job, or its release, may wait for others of its batch."""
EFFECTS = timedelta(seconds=5)
"""How long a disturbance may delay what is written."""
SMALL = 20
"""The most jobs that a judged job waits for; a flow with more is released in parts."""


@dataclass(frozen=True, slots=True)
class Delay:
    """How long an outcome or a release was due, from `since`, while its worker was not disturbed.

    Between two heartbeats at most `HEARTBEAT` counts: on a loaded machine everything takes longer.
    """

    job: UUID
    what: str
    since: datetime
    time: timedelta

    def __str__(self) -> str:
        seconds = self.time.total_seconds()
        return f"{self.job}: {self.what}, due at {self.since:%T}, was written {seconds:.1f} s later"


def delays(history: History, isolated: Collection[str] = ()) -> Iterator[Delay]:
    """The delay of each outcome that the worker wrote, and of each job that others released.

    Not the outcomes of `isolated` types: a part of their time passes in another process, which may
    be starved while its worker is not.
    """
    yield from _outcomes(history, isolated)
    yield from _releases(history)


def _outcomes(history: History, isolated: Collection[str]) -> Iterator[Delay]:
    heartbeats = history.heartbeats_by_process()
    ends = {
        (move.job, move.token_before): move for move in history.moves if move.before == "running"
    }
    for event in history.events:
        end = ends.get((event.job, event.token))
        is_end = event.what in ("ended", "raises")
        if is_end and end and end.type not in isolated and _is_judged(history, event, end):
            time = _time(heartbeats.get(event.process, ()), event.at, end.committed_at)
            yield Delay(event.job, f"its outcome in {event.process}", event.at, time)


def _is_judged(history: History, event: Event, end: Move) -> bool:
    """Whether the worker wrote the outcome undisturbed and Postgres did not refuse it."""
    return (
        end.process == event.process
        and not is_refused(end)
        and not history.was_disturbed(
            frozenset({event.process}), event.at - EFFECTS, end.committed_at
        )
    )


def _time(heartbeats: Sequence[datetime], since: datetime, until: datetime) -> timedelta:
    between = (heartbeat for heartbeat in heartbeats if since < heartbeat < until)
    return sum(
        (min(after - before, HEARTBEAT) for before, after in pairwise([since, *between, until])),
        timedelta(0),
    )


def _releases(history: History) -> Iterator[Delay]:
    histories, heartbeats = history.by_job(), history.heartbeats_by_process()
    for job, promise in history.promises.items():
        if job not in histories or not 0 < len(promise.waits_for) <= SMALL:
            continue
        inserted = histories[job][0]
        since = _released_at(histories, promise, inserted)
        if since is not None and inserted.after == "pending":
            times = (
                watched(history, name, series, since, inserted.committed_at)
                for name, series in heartbeats.items()
            )
            yield Delay(job, "its release", since, max(times, default=timedelta(0)))


def _released_at(
    histories: Mapping[UUID, Sequence[Move]], promise: Promise, inserted: Move
) -> datetime | None:
    """When all that the job waited for had ended; None if that is not known or was undone."""
    ends = []
    for job in promise.waits_for:
        moves = [
            move
            for move in histories.get(job, ())
            if move.transaction == inserted.transaction
            or move.committed_at <= inserted.committed_at
        ]
        if not moves or [move.after in ENDED for move in moves].count(True) != 1:
            return None
        if moves[-1].after not in ENDED:
            return None
        ends.append(moves[-1].committed_at)
    return max(ends)
