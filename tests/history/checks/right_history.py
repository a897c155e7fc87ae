"""The history of a job without violations, for tests to spoil."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from history import Event, History, Move, Promise

TIMES = ("began_at", "asked_at", "at", "committed_at", "clock")
START = datetime(2030, 1, 1, tzinfo=UTC)
JOB, CHILD, TOKEN, OTHER = (UUID(int=n) for n in range(1, 5))


def move(id: int, before: str | None, after: str, **changes: object) -> Move:
    """A change of the one job, `id` seconds after the start, by the worker that holds it."""
    at = START + timedelta(seconds=id)
    plain = Move(
        id=id,
        job=JOB,
        before=before,
        after=after,
        token_before=TOKEN if before == "running" else None,
        token_after=TOKEN if after == "running" else None,
        rescued=False,
        queue="q",
        priority=50,
        run_at=START,
        seq=1,
        attempts=1 if after == "completed" else 0,
        max_attempts=3,
        type="history.work",
        payload={"children": 1} if before is None else None,
        error=None,
        failures=0,
        process="worker",
        transaction=str(id),
        began_at=at,
        asked_at=at,
        at=at,
        committed_at=at,
        clock=at,
    )
    return replace(plain, **changes)


def event(what: str, token: UUID = TOKEN, process: str = "worker", job: UUID = JOB) -> Event:
    """An event that a handler of the one job wrote, three seconds after the start."""
    return Event(0, job, token, 1, what, process, START + timedelta(seconds=3))


def at_second(second: float) -> datetime:
    """The time so many seconds after the start."""
    return START + timedelta(seconds=second)


INSERTED = move(1, None, "pending", process="producer")
CLAIM = move(2, "pending", "running")
END = move(4, "running", "completed")
AGAIN = [
    replace(CLAIM, id=5, token_after=OTHER, process="second"),
    move(6, "running", "completed", token_before=OTHER, process="second", transaction="4"),
]
CHILD_MOVES = [
    replace(each, job=CHILD, type="history.child")
    for each in (
        move(5, None, "pending", payload={"parent": str(JOB), "n": 0}, transaction="4"),
        move(6, "pending", "running"),
        move(7, "running", "completed"),
    )
]


def history(*moves: Move, events: list[Event] | None = None) -> History:
    """The history of the one job and its child."""
    if events is None:
        events = [event("began"), event("ended")]
    events = [*events, event("began", job=CHILD), event("ended", job=CHILD)]
    return History(
        promises={JOB: Promise()},
        moves=[*moves, *CHILD_MOVES],
        events=events,
        confirmed={JOB: INSERTED.committed_at},
    )


def claim_at(second: float, job: int, **changes: object) -> Move:
    """A claim of a job of usual priority by the one worker."""
    times = dict.fromkeys(TIMES, at_second(second))
    changes = {"job": UUID(int=job), "transaction": str(second), **times, **changes}
    return replace(CLAIM, **changes)
