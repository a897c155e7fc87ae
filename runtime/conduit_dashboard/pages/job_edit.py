"""The payload of a job in a form, to enqueue the job again with another payload."""

from conduit_runtime.model.errors import PayloadError
from conduit_runtime.model.job import Job
from conduit_runtime.statements import jobs as store

from ..errors import Conflict, Forbidden
from ..job.editing import as_sent, controls_of, read_payload
from ..job.known import Known
from ..masks import HIDDEN
from ..page import Act, Done, Page, Routes, Visit, action, page
from .job import read_known


async def edit(visit: Visit) -> Page:
    """The form with the stored payload; hidden values stay unless the visitor types others."""
    if not visit.access.may("enqueue") or visit.settings.read_only:
        raise Forbidden("You may not do this: enqueue.")
    return _form(_editable(await read_known(visit)))


async def enqueue(act: Act) -> Done | Page:
    """Enqueue a copy of the job with the payload of the form, if the payload fits the shape."""
    found = _editable(await read_known(act))
    stored = found.job
    edited = read_payload(act.form, stored.payload, found.payload, found.fields)
    problems = [*edited.problems]
    again = Job(
        queue=stored.queue,
        type=stored.type,
        payload=edited.payload,
        priority=stored.priority,
        max_attempts=stored.max_attempts,
        fingerprint=stored.fingerprint,
        timeout=stored.timeout,
        key=stored.key,
        expires=stored.expires,
        weight=stored.weight,
    )
    if not problems:
        try:
            statement = store.insert_job(again)
        except PayloadError as error:
            problems = [f"{error}."]
    if problems:
        return _form(found, act, problems)
    async with act.change({"job": str(stored.id), "enqueued": str(again.id)}) as change:
        await change.run(statement)
    return Done(f"/jobs/{again.id}")


def _editable(found: Known) -> Known:
    if not found.mask.is_known:
        raise Conflict(f"The payload cannot be edited. {HIDDEN}")
    if found.too_large:
        raise Conflict("The payload is too large for a form. Enqueue the job from a program.")
    return found


def _form(found: Known, act: Act | None = None, problems: list[str] | None = None) -> Page:
    controls = controls_of(found.payload, found.fields)
    data = {
        "job": {"id": found.job.id, "type": found.job.type, "queue": found.job.queue},
        "controls": as_sent(controls, act.form) if act else controls,
        "problems": problems or [],
    }
    status = 422 if problems else 200
    return Page("job_edit.html", "Edit the payload and enqueue again", data, status)


ROUTES: Routes = [
    page("/jobs/{id:uuid}/edit", edit),
    action("/jobs/{id:uuid}/enqueue", "enqueue", enqueue),
]
