"""The queues as the overview and the page of the queues list them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from conduit_runtime.doctor.backlogs import Backlog
from conduit_runtime.model.dashboard.attempts import RecentAttempts
from conduit_runtime.model.dashboard.audit import LastChange
from conduit_runtime.model.queues.controls import Origin
from conduit_runtime.statements.dashboard import queues as store
from conduit_runtime.statements.dashboard.audit import last_changes

from .page import Visit

_CHANGES = last_changes("queue", ("pause", "resume", "limit", "share"))
FRESH = 5.0
"""Seconds for which the counts of queues are shown again: they cost the most."""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A queue: its jobs, its workers, and its attempts in the last hour.

    `oldest` says for how many seconds the first due job has been due. If `due`, `unreadable` or
    `refused` is `counted_to`, there may be more jobs. `keep_completed` and `keep_failed` are in
    seconds.
    """

    queue: str
    due: int
    running: int
    oldest: float
    unreadable: int
    refused: int
    counted_to: int
    workers: int
    paused_at: datetime | None
    concurrency: int | None
    key_concurrency: int | None
    fair: bool
    fair_from: Origin | None
    keep_completed: float | None
    keep_failed: float | None
    succeeded: int
    failed: int
    last_change: LastChange | None

    @property
    def backlog(self) -> Backlog:
        """Its due jobs, as they are judged."""
        return Backlog(self.queue, self.due, self.counted_to)


async def queue_rows(
    visit: Visit, recent: Iterable[RecentAttempts], queue: str | None = None
) -> list[QueueRow]:
    """The queues by name, or only the queue `queue`."""
    settings = await visit.read(store.settings(queue))
    names = [each.queue for each in settings]
    read = await visit.database.recent(store.gauges(names, visit.bounds), seconds=FRESH)
    gauges = {each.queue: each for each in read}
    changed = await visit.read(_CHANGES)
    succeeded: dict[str, int] = {}
    failed: dict[str, int] = {}
    for each in recent:
        succeeded[each.queue] = succeeded.get(each.queue, 0) + each.succeeded
        failed[each.queue] = failed.get(each.queue, 0) + each.failed
    return [
        QueueRow(
            **gauges[each.queue]._asdict(),
            counted_to=store.deepest(names, visit.bounds),
            workers=each.workers,
            paused_at=each.paused_at,
            concurrency=each.concurrency,
            key_concurrency=each.key_concurrency,
            fair=each.fair,
            fair_from=each.fair_from,
            keep_completed=each.keep_completed,
            keep_failed=each.keep_failed,
            succeeded=succeeded.get(each.queue, 0),
            failed=failed.get(each.queue, 0),
            last_change=changed.get(each.queue),
        )
        for each in settings
    ]
