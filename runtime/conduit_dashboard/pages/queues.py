"""The queues: what waits in each, and whether it moves."""

from conduit_runtime.statements import jobs as store
from conduit_runtime.statements.limits import controls

from ..errors import BadRequest
from ..page import Act, Done, Page, Routes, Visit, action, page


async def queues(visit: Visit) -> Page:
    """All queues that hold jobs, have workers, are paused or are limited."""
    return Page("queues.html", "Queues", {"queues": await visit.read(store.queues())})


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


def _queue(act: Act) -> str:
    name = act.form.get("queue")
    if not isinstance(name, str) or not name:
        raise BadRequest("The form names no queue.")
    return name


ROUTES: Routes = [
    page("/queues", queues),
    action("/queues/pause", "pause", pause),
    action("/queues/resume", "resume", resume),
]
