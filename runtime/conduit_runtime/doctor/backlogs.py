"""Queues whose workers do not keep up."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..model.text.durations import in_words
from ..statements.dashboard import queues
from .checked_database import Database
from .finding import Finding, warning


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
            "add workers or slots, raise the queue's limit, or move jobs of a lower priority",
            queue=each.queue,
        )
