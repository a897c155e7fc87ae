"""The queues: their waiting jobs, whether these are processed, and the settings of operators."""

from conduit_runtime.model.errors import PayloadError
from conduit_runtime.model.payload import check_name
from conduit_runtime.statements.dashboard import overview as attempts
from conduit_runtime.statements.dashboard import queues as store
from conduit_runtime.statements.limits import controls, type_limits

from ..errors import BadRequest
from ..page import Act, Done, Page, Routes, Visit, action, page
from ..parameters import read_choice, read_text
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
    """Let no job of a queue start."""
    name = _queue(act)
    async with act.change({"queue": name}) as change:
        await change.run(controls.pause(name))
    return Done("/queues")


async def resume(act: Act) -> Done:
    """Let the jobs of a paused queue start again."""
    name = _queue(act)
    async with act.change({"queue": name}) as change:
        await change.run(controls.resume(name))
    return Done("/queues")


async def limit(act: Act) -> Done:
    """Limit how many jobs of a queue run at once; an empty field lifts the limit."""
    name = _queue(act)
    given = (read_text(act.form, "concurrency") or "").strip()
    try:
        concurrency = int(given) if given else None
        statement = controls.limit(name, concurrency)
    except ValueError:
        raise BadRequest(
            f"The limit is {given[:40]!r}: use a whole number from 1 to 2147483647, or nothing to "
            "lift it."
        ) from None
    async with act.change({"queue": name, "concurrency": concurrency}) as change:
        await change.run(statement)
    return Done("/queues")


def _queue(act: Act) -> str:
    name = read_text(act.form, "queue")
    if name is None:
        raise BadRequest("The form names no queue.")
    try:
        check_name(name, "the queue")
    except PayloadError as error:
        raise BadRequest(f"{error}.") from None
    return name


ROUTES: Routes = [
    page("/queues", queues),
    action("/queues/pause", "pause", pause),
    action("/queues/resume", "resume", resume),
    action("/queues/limit", "limit", limit),
]
