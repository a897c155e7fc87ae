"""A job: its payload, source, attempts and related jobs, and why it waits."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from conduit_runtime.client.from_step import fork_from, retry_from
from conduit_runtime.model.dashboard.job import Children, StartFacts
from conduit_runtime.model.errors import PayloadError, QueueError
from conduit_runtime.model.job import Job, JobStatus, new_id
from conduit_runtime.model.job_step import JobStep
from conduit_runtime.model.text.printable import one_line
from conduit_runtime.statements import jobs as store
from conduit_runtime.statements.dashboard import job as related
from conduit_runtime.statements.job_rows import NAMES
from conduit_runtime.statements.job_types import described_types
from conduit_runtime.statements.many import changes
from conduit_runtime.statements.steps import signal as signal_to

from ..errors import BadRequest, Conflict, Missing, TooSlow
from ..job.attempts import attempts_of
from ..job.known import Known, known
from ..job.payload_table import rows_of
from ..job.source_lines import lines_of
from ..job.starting import reasons
from ..job.steps import shown
from ..job.trace import trace_id
from ..masks import HIDDEN
from ..page import Act, Change, Done, Page, Routes, Visit, action, page

_APART = {"status", "payload", "headers", "progress", "error", "errors", "token"}
"""The columns that are not shown as they are, or elsewhere on the page."""
_SHOWN = (*(name for name in NAMES if name not in _APART), "waits_for")
_CHILDREN_SECONDS = 1.0


async def job(visit: Visit) -> Page:
    """Everything about a job, with sensitive values hidden."""
    found = await read_known(visit)
    stored = found.job
    facts = await visit.read(related.start_facts([stored.id]))
    steps = await visit.read(related.shown_steps(stored.id, visit.bounds))
    masked = await asyncio.to_thread(_masked, found, steps)
    place = next((each.place for each in masked["attempts"] if each.place), None)
    waits = [step for step, _ in steps if step.waits]
    data: dict[str, Any] = {
        "job": {name: getattr(stored, name) for name in _SHOWN}
        | {
            "status": _status(stored, facts),
            "max_attempts": found.max_attempts,
            **masked.pop("job"),
        },
        "reasons": [words for each in facts for words in reasons(each)],
        "waits": [
            {
                "name": each.name,
                "kind": each.waits,
                "since": each.started_at,
                "until": each.ended_at,
            }
            for each in waits
        ],
        **masked,
        "payload_bytes": found.too_large or None,
        "hidden": None if found.mask.is_known else HIDDEN,
        "source": found.source
        and {
            "path": found.source.path,
            "line": found.source.line,
            "failed_at": place,
            "lines": lines_of(found.source, place),
        },
        "children": await _children(visit, stored),
        "neighbours": await visit.read(related.neighbours(stored.id)),
        "unique": await visit.read(related.unique_key(stored, visit.bounds)),
        "headers": stored.headers,
        "trace": _trace(visit, stored),
        "may": _may(stored, waits),
    }
    return Page("job.html", one_line(stored.type), data)


def _masked(found: Known, steps: Sequence[tuple[JobStep, int]]) -> dict[str, Any]:
    """What the job and its steps show without sensitive values; masking may take long."""
    stored, progress = found.job, found.value(found.job.progress)
    return {
        "job": {
            "error": stored.error and found.text(stored.error),
            "progress": progress if _is_progress(progress) else None,
            "result": found.value(stored.result),
        },
        "payload": None if found.too_large else found.payload,
        "fields": [] if found.too_large else rows_of(found.payload, found.fields),
        "attempts": [*attempts_of(stored, found.text)],
        "steps": [*shown(found, steps)],
    }


async def read_known(visit: Visit) -> Known:
    """The job of the address with the descriptions of its type. Raises Missing."""
    found = await visit.read(related.shown_job(visit.path["id"], visit.bounds))
    if found is None:
        raise Missing(
            f"There is no job {visit.path['id']}. Jobs that have ended are deleted after a while."
        )
    stored, too_large = found
    described = await visit.read(described_types(stored.type))
    return known(stored, described, too_large)


async def _children(visit: Visit, job: Job) -> Children:
    """The jobs that the job enqueued; if finding them takes long, none, with `is_cut` set."""
    try:
        return await visit.database.read(
            related.children(job, visit.bounds), seconds=_CHILDREN_SECONDS
        )
    except TooSlow:
        return Children(is_cut=True)


def _status(job: Job, facts: Sequence[StartFacts]) -> str:
    if job.status is not JobStatus.PENDING:
        return job.status.value
    if job.waits_for:
        return "blocked"
    if any(each.is_unreadable for each in facts):
        return "unreadable"
    return "refused" if any(each.is_refused for each in facts) else job.status.value


def _is_progress(value: Any) -> bool:
    """Whether the value is a handler's report; a value that was typed by hand may be anything."""
    if not isinstance(value, dict) or not {"done", "total"} <= value.keys():
        return False
    done, total = value["done"], value["total"]
    return isinstance(done, int | float) and isinstance(total, int | float | None)


@dataclass(frozen=True, slots=True)
class Trace:
    """The trace of a job, and its page in the tracing system if the dashboard knows the system."""

    id: str
    url: str | None


def _trace(visit: Visit, job: Job) -> Trace | None:
    if (id_ := trace_id(job.trace)) is None:
        return None
    template = visit.settings.trace_url
    return Trace(id_, template and template.replace("{trace_id}", id_))


def _may(job: Job, waits: Sequence[JobStep]) -> dict[str, bool]:
    """Which actions the state of the job allows."""
    status, is_blocked = job.status, job.waits_for > 0
    return {
        "retry": status not in (JobStatus.PENDING, JobStatus.RUNNING),
        "repeat": status is not JobStatus.RUNNING and not is_blocked,
        "cancel": status in (JobStatus.PENDING, JobStatus.RUNNING),
        "run_now": status is JobStatus.PENDING and not is_blocked and not job.is_processable,
        "signal": any(each.waits == "signal" for each in waits),
        "enqueue": True,
    }


async def retry(act: Act) -> Done:
    """Make the job due now, with all its attempts; with `step` in the form, from this step."""
    if step := str(act.form.get("step") or ""):
        async with _repeating(act, step) as (change, id_):
            await change.writing.run_steps(retry_from(id_, step))
        return Done(f"/jobs/{id_}")
    async with _changing(act) as (change, id_):
        if not await change.run(store.retry_job(id_)):
            raise Conflict("It is blocked or gone, so it cannot be retried.")
    return Done(f"/jobs/{id_}")


async def fork(act: Act) -> Done:
    """Enqueue a job like this one that goes on from a step."""
    step, made = str(act.form.get("step") or ""), new_id()
    async with _repeating(act, step, enqueued=str(made)) as (change, id_):
        await change.writing.run_steps(fork_from(id_, step, made))
    return Done(f"/jobs/{made}")


@asynccontextmanager
async def _repeating(act: Act, step: str, **target: str) -> AsyncIterator[tuple[Change, UUID]]:
    name = (await read_known(act)).text(step)
    try:
        async with _changing(act, step=name, **target) as found:
            yield found
    except PayloadError as error:
        raise BadRequest(f"{error}.") from None
    except QueueError as error:
        raise Conflict(f"{error}.") from None


async def cancel(act: Act) -> Done:
    """Cancel the job."""
    async with _changing(act) as (change, id_):
        if not await change.run(store.cancel_job(id_)):
            raise Conflict("It has ended, so it cannot be cancelled.")
    return Done(f"/jobs/{id_}")


async def run_now(act: Act) -> Done:
    """Make the job due now, before its time."""
    async with _changing(act) as (change, id_):
        if not (await change.run(changes.run_now().of([id_], lock=""))).changed:
            raise Conflict("It does not wait for a later time, so it cannot be made due now.")
    return Done(f"/jobs/{id_}")


async def signal(act: Act) -> Done:
    """Send the job a signal, with the value that the form has as JSON."""
    name = str(act.form.get("name") or "")
    text = str(act.form.get("value") or "").strip() or "null"
    try:
        statement = signal_to(act.path["id"], name, json.loads(text))
    except PayloadError as error:
        raise BadRequest(f"{error}.") from None
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The value is not JSON: {error}.") from None
    async with _changing(act, signal=name) as (change, id_):
        if not await change.run(statement):
            raise Conflict("It has ended, or needs this signal no longer.")
    return Done(f"/jobs/{id_}")


@asynccontextmanager
async def _changing(act: Act, **target: str) -> AsyncIterator[tuple[Change, UUID]]:
    id_: UUID = act.path["id"]
    async with act.change({"job": str(id_), **target}) as change:
        yield change, id_


ROUTES: Routes = [
    page("/jobs/{id:uuid}", job),
    action("/jobs/{id:uuid}/retry", "retry", retry),
    action("/jobs/{id:uuid}/fork", "enqueue", fork),
    action("/jobs/{id:uuid}/cancel", "cancel", cancel),
    action("/jobs/{id:uuid}/run-now", "run_now", run_now),
    action("/jobs/{id:uuid}/signal", "signal", signal),
]
