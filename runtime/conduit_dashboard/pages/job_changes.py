"""Actions on many jobs at once: on the selected ones, or on all that match a filter."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from conduit_runtime.model.dashboard.job_filter import JobFilter
from conduit_runtime.statements.dashboard import audit, bulk
from conduit_runtime.statements.many import changes
from conduit_runtime.statements.many.changes import JobChange, change_free
from starlette.datastructures import FormData

from ..errors import BadRequest, Conflict
from ..jobs import background
from ..jobs.filters import Search, is_part, of_then, read_search
from ..jobs.rows import shown_of
from ..jobs.search import count_jobs, count_to_change
from ..page import Act, Done, Page, Routes, action
from ..parameters import job_id, read_number, read_text
from ..rendering.texts import counted_jobs

_MOST = 1_000
"""The most jobs that may be selected."""
_FIELDS = frozenset(("all", "ask", "back", "to_queue", "to_priority"))
_VERBS = {
    "retry": "Retry",
    "run_now": "Run now",
    "cancel": "Cancel",
    "move": "Move",
    "priority": "Set the priority of",
    "delete": "Delete",
}
_NOT_INTERRUPTED = "This action was not interrupted, or somebody has it go on already."


async def change_jobs(act: Act) -> Done | Page:
    """Change the jobs of the form: the jobs with its ids or, with `all`, those of its filter.

    With `ask`, return a page that counts those of the filter, and asks.
    """
    back = read_text(act.form, "back") or "/jobs"
    if not read_text(act.form, "all"):
        if not any(act.form.getlist("id")):
            return Done(back, hint="unselected")
        await _change_selected(act)
    elif act.form.get("id"):
        raise BadRequest("Select jobs, or choose all that match: not both.")
    elif read_text(act.form, "ask"):
        return await _asking(act, back)
    else:
        await _change_matching(act)
    return Done(back)


async def _asking(act: Act, back: str) -> Page:
    """The number of jobs that an action on all that match would change, and its button."""
    search, what = await _matching(act)
    count, is_complete = await count_to_change(act, what, search.wanted)
    verb = _VERBS[act.name]
    jobs = counted_jobs(count) if is_complete or count else "these jobs"
    if count and not is_complete:
        jobs = f"more than {jobs}"
    data = {
        "action": act.name,
        "count": count,
        "is_complete": is_complete,
        "filter": search.given,
        "values": what.values,
        "fields": {name: value for name, value in act.form.items() if name != "ask"},
        "words": f"{verb} {jobs}",
        "back": back,
    }
    return Page("jobs_confirm.html", f"{verb} {jobs}?", data)


async def _change_selected(act: Act) -> None:
    ids = _ids(act)
    what = _change(act, None)
    async with act.change({"jobs": ids, **what.values}) as change:
        change.count = await change.writing.run_steps(change_free(what, ids, what.refused()))


async def _matching(act: Act) -> tuple[Search, JobChange]:
    """The filter of the form, and the change of the jobs that match."""
    for name in act.form:
        if name not in _FIELDS and not is_part(name):  # a typo would widen the filter
            raise BadRequest(f"There is no filter {name[:40]!r}.")
    search = await read_search(act, act.form)
    return search, _change(act, search.wanted)


async def _change_matching(act: Act, continues: int | None = None) -> None:
    search, what = await _matching(act)
    background.check_capacity(act.database, act.bounds.actions)
    count = await count_jobs(act, search.wanted)
    total = count.found if count is not None and count.is_complete else None
    target = {"filter": search.given or "all jobs", **what.values}
    async with act.change(target, total=total, state="running") as change:
        change.count = 0
        if continues is not None and not await change.run(bulk.take_over(continues, act.name)):
            raise Conflict(_NOT_INTERRUPTED)
    assert change.id is not None
    steps = bulk.change_matching(what, search.wanted, shown_of(search.wanted), act.bounds)
    task = background.start(act.database, change.id, steps, act.bounds.action_step)
    await asyncio.wait([task], timeout=act.bounds.soon)
    entry = await act.read(audit.entry(change.id))
    change.count = entry.count if entry is not None else 0


async def go_on(act: Act) -> Done:
    """Continue an action whose process ended, for the jobs that existed when the action began."""
    id_ = _action(act)
    entry = await act.read(audit.entry(id_))
    given = entry.target.get("filter") if entry is not None else None
    if entry is None or given is None or entry.state != "interrupted":
        raise Conflict(_NOT_INTERRUPTED)
    fields = {name: str(value) for name, value in _items(given) if is_part(name)}
    fields = of_then(fields, datetime.now(UTC) - entry.at)
    fields |= {name: str(each) for name, each in entry.target.items() if name in _FIELDS}
    await _change_matching(replace(act, form=FormData(fields)), continues=id_)
    return Done(read_text(act.form, "back") or "/jobs")


def _items(given: Any) -> list[tuple[str, Any]]:
    return [*given.items()] if isinstance(given, Mapping) else []


async def stop(act: Act) -> Done:
    """Stop an action in the background after the batch that it is changing."""
    stopped = _action(act)
    async with act.change({"action": stopped}, name="stop") as change:
        if not await change.run(bulk.stop(stopped, act.name)):
            raise Conflict("This action does not run any more.")
    return Done(read_text(act.form, "back") or "/jobs")


def _action(act: Act) -> int:
    """The id of the action in the background that the form names."""
    if (id_ := read_number(act.form, "action")) is None:
        raise BadRequest("The form names no action.")
    return id_


def _change(act: Act, wanted: JobFilter | None) -> JobChange:
    """The change of the action; `wanted` is the filter of its jobs, or None for selected jobs."""
    match act.name:
        case "retry":
            # Completed jobs are run again only if the visitor asks for them.
            is_asked_for = wanted is None or wanted.status == "completed"
            return changes.retry(changes.ENDED) if is_asked_for else changes.retry()
        case "cancel":
            return changes.cancel()
        case "delete":
            return changes.delete()
        case "run_now":
            return changes.run_now()
        case "move":
            if not (queue := read_text(act.form, "to_queue")):
                raise BadRequest("Name the queue to move the jobs to.")
            return changes.move(queue)
    try:
        return changes.prioritize(int(read_text(act.form, "to_priority") or ""))
    except ValueError:
        raise BadRequest("The priority is a whole number from 0 to 100.") from None


def _ids(act: Act) -> list[UUID]:
    ids = [job_id("id", str(each)) for each in dict.fromkeys(act.form.getlist("id")) if each]
    if len(ids) > _MOST:
        raise BadRequest(f"At most {_MOST:,} jobs can be selected: choose all that match a filter.")
    return ids


CHANGES = ("retry", "run_now", "cancel", "move", "priority", "delete")
"""The actions on many jobs."""
ROUTES: Routes = [
    *(action(f"/jobs/{name.replace('_', '-')}", name, change_jobs) for name in CHANGES),
    *(action(f"/jobs/{name.replace('_', '-')}/stop", name, stop) for name in CHANGES),
    *(action(f"/jobs/{name.replace('_', '-')}/continue", name, go_on) for name in CHANGES),
]
