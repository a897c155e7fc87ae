"""Queues whose workers do not keep up, and what may be the reason."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from shlex import quote

from ..model.lanes import is_parked, is_unreadable
from ..model.queues.controls import RateLimit
from ..model.text.durations import in_words
from ..postgres.statement import Statement
from ..statements import doctor
from ..statements.dashboard import queues
from ..statements.doctor import Kind, Rooms, WaitingType
from .checked_database import Database
from .finding import Finding, warning

_MANY = 100
"""The due jobs of one key that flood a queue, if these are half of its first ones."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """The due jobs of a queue. If `due` is `counted_to`, there may be more."""

    queue: str
    due: int
    counted_to: int


def read(database: Database) -> list[Backlog]:
    """The queues of the database. Raises Unread."""
    names = [each.queue for each in database.read(queues.settings())]
    counted_to = queues.deepest(names)
    depths = database.read(queues.gauges(names))
    return [Backlog(each.queue, each.due, counted_to) for each in depths]


def judge(
    backlogs: Iterable[Backlog],
    lanes: Iterable[WaitingType],
    rooms: Rooms,
    waiting: Sequence[Finding],
    late: float,
) -> Iterator[Finding]:
    """Find the queues with jobs that workers could have started for longer than `late` seconds.

    What a limit or a key holds is not among these. `waiting` are the findings about jobs that
    nothing can start: they explain why jobs are due. Jobs that no worker could read explain
    nothing.
    """
    explained = {each.about.get("queue") for each in waiting if each.code != "unreadable-jobs"}
    oldest: dict[str, float] = {}
    for lane in _startable(lanes, late):
        if not _full(lane, rooms) and not is_parked(lane.fingerprint):
            oldest[lane.queue] = max(oldest.get(lane.queue, 0.0), lane.due)
    for each in backlogs:
        if each.queue not in oldest or each.queue in explained:
            continue
        more = "more than " if each.due >= each.counted_to else ""
        jobs, are = ("job", "is") if each.due == 1 else ("jobs", "are")
        yield warning(
            "backlog",
            f"{more}{each.due:,} {jobs} of the queue {each.queue} {are} due, the first for "
            f"{in_words(oldest[each.queue])}: its workers do not keep up",
            f"queue {each.queue}",
            f"more slots: conduit-jobs worker PACKAGE --queue {quote(each.queue)} --concurrency N; "
            "or move jobs of a lower priority",
            queue=each.queue,
        )


def judge_limits(lanes: Iterable[WaitingType], rooms: Rooms, late: float) -> Iterator[Finding]:
    """Find the queues and types whose jobs are due while as many run as their limit lets."""
    due: dict[tuple[Kind, str], float] = {}
    for lane in _startable(lanes, late):
        for kind, subject in _full(lane, rooms):
            if kind != "rate":
                due[kind, subject] = max(due.get((kind, subject), 0.0), lane.due)
    for (kind, subject), oldest in due.items():
        option = "--type " if kind == "type" else ""
        yield warning(
            "concurrency-limit",
            f"jobs of the {kind} {subject} have been due for up to {in_words(oldest)}, and as many "
            "run as its limit lets",
            f"{kind} {subject}",
            f"if it is too low: conduit-jobs queues limit {option}{quote(subject)} N",
            **{kind: subject},
        )


def _startable(lanes: Iterable[WaitingType], late: float) -> Iterator[WaitingType]:
    """The lanes that are late and that live workers may claim, whatever the limits say."""
    for lane in lanes:
        is_ready = lane.is_served and lane.is_known and not lane.is_paused
        if lane.due > late and is_ready and not is_unreadable(lane.fingerprint):
            yield lane


def _full(lane: WaitingType, rooms: Rooms) -> list[tuple[Kind, str]]:
    """The limits in which the first job of the lane has no room."""
    limits: list[tuple[Kind, str]]
    limits = [("queue", lane.queue), ("type", lane.type), ("rate", lane.type)]
    return [each for each in limits if each in rooms and rooms[each] < lane.weight]


def main_keys(backlogs: Iterable[Finding]) -> Statement[list[doctor.MainKey]]:
    """The keys that most of the first due jobs of the queues of these findings have."""
    return doctor.main_keys([each.about["queue"] for each in backlogs])


def judge_keys(main: Iterable[doctor.MainKey]) -> Iterator[Finding]:
    """Find the queues of which one key has most of the first due jobs."""
    for each in main:
        if each.jobs >= _MANY and 2 * each.jobs >= each.due:
            yield warning(
                "flooding-key",
                f"{each.jobs:,} of the first {each.due:,} due jobs of the queue {each.queue} have "
                f"the key {each.key}",
                f"queue {each.queue}",
                f"conduit-jobs queues limit {quote(each.queue)} --per-key N frees slots; "
                f"if the jobs are not wanted: conduit-jobs jobs cancel --queue {quote(each.queue)} "
                f"--key {quote(each.key)} --status pending",
                queue=each.queue,
                key=each.key,
            )


def judge_rates(
    lanes: Iterable[WaitingType], limits: Iterable[RateLimit], late: float
) -> Iterator[Finding]:
    """Find the types with a rate limit whose jobs are due and could start without it."""
    rates = {each.type: each for each in limits}
    due: dict[tuple[str, str], float] = {}
    for lane in _startable(lanes, late):
        key = (lane.queue, lane.type)
        due[key] = max(due.get(key, 0.0), lane.due)
    for (queue, type_), oldest in due.items():
        if rate := rates.get(type_):
            per = rate.per.total_seconds()
            yield warning(
                "rate-limit",
                f"jobs of {type_} have been due for up to {in_words(oldest)}, and their rate limit "
                f"lets {rate.starts:,} start within {f'{per:g} s' if per < 60 else in_words(per)}",
                f"type {type_}",
                f"if it is too low: conduit-jobs queues rate-limit {quote(type_)} --starts N "
                f"--per {per:g}s, or --none",
                queue=queue,
                type=type_,
            )
