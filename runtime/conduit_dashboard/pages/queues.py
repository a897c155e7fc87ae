"""The queues: their waiting jobs, whether these are processed, and the settings of operators."""

from conduit_runtime.statements.dashboard import overview as attempts
from conduit_runtime.statements.dashboard import queues as store
from conduit_runtime.statements.limits import controls, type_limits

from ..page import Act, Done, Page, Routes, Visit, action, page
from ..parameters import named, read_choice
from ..queue_rows import queue_rows
from ..types.summary import limits_row

SORTS = (
    *("name", "oldest", "due", "running", "unreadable", "refused", "workers", "succeeded"),
    "failed",
)
"""The values of `sort` in the address; all but the name sort the largest first."""


async def queues(visit: Visit) -> Page:
    """All queues that have unended jobs or workers, or are paused or limited.

    `queue` in the address chooses one queue, `sort` says what comes first.
    """
    sort = read_choice(visit.query, "sort", SORTS) or "name"
    queue = visit.query.get("queue") or None
    recent = await visit.database.recent(attempts.recent_attempts(), seconds=5.0)
    rows = await queue_rows(visit, recent, queue)
    if sort != "name":
        rows.sort(key=lambda row: (-getattr(row, sort), row.queue))
    limits = [limits_row(each) for each in await visit.read(type_limits.type_limits())]
    data = {
        "queues": rows,
        "is_cut": len(rows) == store.MOST,
        "type_limits": limits,
        "queue": queue,
        "sort": sort,
    }
    return Page("queues.html", "Queues", data)


async def pause(act: Act) -> Done:
    name = named(act.form, "queue")
    async with act.change({"queue": name}) as change:
        await change.run(controls.pause(name))
    return Done("/queues")


async def resume(act: Act) -> Done:
    name = named(act.form, "queue")
    async with act.change({"queue": name}) as change:
        await change.run(controls.resume(name))
    return Done("/queues")


ROUTES: Routes = [
    page("/queues", queues),
    action("/queues/pause", "pause", pause),
    action("/queues/resume", "resume", resume),
]
