"""Queues whose workers do not keep up, and what may be the reason."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from shlex import quote

from ..model.lanes import is_unreadable
from ..model.queues.controls import RateLimit
from ..model.text.durations import in_words
from ..postgres.statement import Statement
from ..statements import doctor
from ..statements.dashboard import queues
from .checked_database import Database
from .finding import Finding, warning

_MANY = 100
"""The due jobs of one key that flood a queue, if these are half of its first ones."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """The due jobs of a queue, and for how many seconds the first has been due.

    If `due` is `counted_to`, there may be more. `is_served` is whether live workers may start them.
    """

    queue: str
    due: int
    oldest: float
    counted_to: int
    is_served: bool


def read(database: Database) -> list[Backlog]:
    """The queues of the database. Raises Unread."""
    settings = database.read(queues.settings())
    names = [each.queue for each in settings]
    depths = {each.queue: each for each in database.read(queues.gauges(names))}
    counted_to = queues.deepest(names)
    return [
        Backlog(
            each.queue,
            depths[each.queue].due,
            depths[each.queue].oldest,
            counted_to,
            each.workers > 0 and each.paused_at is None,
        )
        for each in settings
    ]


def judge(
    backlogs: Iterable[Backlog], waiting: Sequence[Finding], late: float
) -> Iterator[Finding]:
    """Find the queues with workers whose first job has been due for longer than `late` seconds.

    `waiting` are the findings about jobs that nothing can start: they explain why jobs are due.
    Jobs that no worker could read are not among the due ones, and explain nothing.
    """
    explained = {each.about.get("queue") for each in waiting if each.code != "unreadable-jobs"}
    for each in backlogs:
        if each.oldest <= late or not each.is_served or each.queue in explained:
            continue
        more = "more than " if each.due >= each.counted_to else ""
        jobs, are = ("job", "is") if each.due == 1 else ("jobs", "are")
        yield warning(
            "backlog",
            f"{more}{each.due:,} {jobs} of the queue {each.queue} {are} due, the first for "
            f"{in_words(each.oldest)}: its workers do not keep up",
            f"queue {each.queue}",
            f"more slots: conduit-jobs worker PACKAGE --queue {quote(each.queue)} --concurrency N; "
            "raise the queue's limit if it has one; or move jobs of a lower priority",
            queue=each.queue,
        )


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
    lanes: Iterable[doctor.WaitingType], limits: Iterable[RateLimit], late: float
) -> Iterator[Finding]:
    """Find the types with a rate limit whose jobs are due and could start without it."""
    rates = {each.type: each for each in limits}
    due: dict[tuple[str, str], float] = {}
    for lane in lanes:
        is_ready = lane.is_served and lane.is_known and not lane.is_paused
        if lane.due > late and is_ready and not is_unreadable(lane.fingerprint):
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
