"""Findings about job types: removed, new and renamed ones, and their queues and options."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from ..job_options import Role
from ..lock.changes import changed_options, options_that_differ
from ..lock.model import Lock, LockedJob
from ..names import dotted_prefix
from .finding import Finding, Verdict, verdict_of
from .moved_calls import compare_calls
from .payloads import Payload, PayloadComparison
from .places import Places
from .steps import compare_steps

_HINTS: Mapping[Role, str] = {
    "stored": "jobs that wait keep the options with which they were enqueued",
    "worker": "old and new workers each follow their own code until the old ones are replaced",
    "limit": "the limits of the worker that started last hold for all, unless a command set others",
    "batch": "each worker calls its services as its own code says: for a batch with lists",
}
"""What a changed option means for a deploy, by the option's role."""
_OF_NEW_WORKERS = "only jobs of new workers enqueue it"


@dataclass(frozen=True)
class PackageComparison:
    """Two locks of a package, the new lock's payloads by job type, and the calls of new hooks."""

    old: Lock
    new: Lock
    payloads: Mapping[str, Payload]
    places: Places
    hook_calls: Collection[str] = ()


def compare_job_types(both: PackageComparison) -> Iterator[Finding]:
    """Yield the findings about all job types, by name."""
    old, new = both.old.current, both.new.current
    gone = {name: job for name, job in old.items() if name not in new}
    before = {
        name: name if name in old else _earlier_name(name, job, gone, both)
        for name, job in new.items()
    }
    queues = {job.queue for job in old.values()}, {job.queue for job in new.values()}
    removed = sorted(old.keys() - {*before.values()})
    for name in removed:
        yield _removed(name, old[name], both)
    for name, job in sorted(new.items()):
        earlier = before[name]
        if earlier is None:
            yield _added(name, _probable_name(name, job, {n: old[n] for n in removed}, both), both)
        else:
            yield from _changed(name, job, earlier, old[earlier], queues, both)
        yield from _earlier_shapes(name, job, old[earlier].shape if earlier else "", both)
    yield from compare_calls(old, new, before, both.hook_calls, both.places)


def _earlier_name(
    name: str, job: LockedJob, gone: Mapping[str, LockedJob], both: PackageComparison
) -> str | None:
    """Return the old package's name of a job type; a changed prefix does not count as a rename."""
    bare = name.removeprefix(dotted_prefix(both.new.prefix))
    same = f"{dotted_prefix(both.old.prefix)}{bare}"
    return next((each for each in (same, *job.was) if each in gone), None)


def _probable_name(
    name: str, job: LockedJob, removed: Mapping[str, LockedJob], both: PackageComparison
) -> str | None:
    """Return the only removed type of a new type's hook, or with its block, or its renamed one.

    If a resource gets another name, its hooks and its types change, but not their last parts.
    """
    event, last = job.hook.rpartition(".")[2], name.rpartition(".")[2]
    same_hook = [each for each, known in removed.items() if known.hook == job.hook]
    same_block = [each for each, known in removed.items() if job.has_block_of(known)]
    renamed_resource = [
        each
        for each, known in removed.items()
        if known.hook not in both.new.hooks and job.hook not in both.old.hooks
        if (known.hook.rpartition(".")[2], each.rpartition(".")[2]) == (event, last)
    ]
    found = (same_hook, same_block, renamed_resource)
    return next((names[0] for names in found if len(names) == 1), None)


def _added(name: str, earlier: str | None, both: PackageComparison) -> Finding:
    """Report a new job type, which may be the removed type `earlier`."""
    verdict: Verdict = "workers-first"
    hint = "old workers do not know it: its jobs wait for the new ones"
    if both.places.is_nested(name):
        verdict, hint = "either", _OF_NEW_WORKERS
    if earlier is not None:
        first, _, last = earlier.rpartition(".")
        what = last if first == name.rpartition(".")[0] else earlier
        hint += f'; if it was called `{what}`, say so: `@async(was: "{what}")`'
    return Finding("BRK121", verdict, both.places.job(name), "this job type is new", hint, name)


def _removed(name: str, job: LockedJob, both: PackageComparison) -> Finding:
    hint = "old workers run its jobs until they are replaced: replace them when none is left"
    return Finding(
        "BRK120", "web-first", both.places.hook(job.hook), "this job type was removed", hint, name
    )


def _changed(
    name: str,
    job: LockedJob,
    earlier: str,
    before: LockedJob,
    queues: tuple[set[str], set[str]],
    both: PackageComparison,
) -> Iterator[Finding]:
    place = both.places.job(name)
    is_renamed = name != earlier and earlier in job.was
    is_nested = both.places.is_nested(name)
    if is_renamed:
        message = f"this job type was called `{earlier}`"
        hint = "old workers do not know the new name: its jobs wait for the new ones"
        verdict: Verdict = "workers-first"
        if is_nested:
            verdict, hint = "either", _OF_NEW_WORKERS
        yield Finding("BRK122", verdict, place, message, hint, name)
    if job.queue != before.queue:
        yield _moved(name, job, before, queues, both)
    if changed := ", ".join(changed_options(before, job)):
        message = f"its options changed: {changed}"
        yield Finding("BRK124", "either", place, message, _about_options(before, job), name)
    fields, shape = before.shapes[before.shape], before.shape
    payload = PayloadComparison(name, both.payloads[name], fields, shape, both.places)
    yield from payload.findings(is_renamed=is_renamed and not is_nested)
    yield from compare_steps(name, before, job, both.places)


def _about_options(before: LockedJob, job: LockedJob) -> str:
    """Return a hint on the options that changed."""
    roles = dict.fromkeys(option.role for option in options_that_differ(before, job))
    return "; ".join(_HINTS[role] for role in roles)


def _moved(
    name: str,
    job: LockedJob,
    before: LockedJob,
    queues: tuple[set[str], set[str]],
    both: PackageComparison,
) -> Finding:
    of_old_workers, of_new_workers = queues
    is_nested = both.places.is_nested(name)
    verdict = verdict_of(
        old_jobs_run=before.queue in of_new_workers,
        new_jobs_run=job.queue in of_old_workers or is_nested,
    )
    hint = f"new workers serve `{before.queue}` too"
    hint += ", and only they enqueue it" if is_nested else f", and old ones `{job.queue}`"
    match verdict:
        case "never":  # a drained queue is enough, and an upcaster would not help
            verdict = "drain-first"
            hint = f"new workers do not serve `{before.queue}`, nor old ones `{job.queue}`"
        case "workers-first":
            hint = f"old workers do not serve `{job.queue}`"
        case "web-first":
            hint = f"new workers do not serve `{before.queue}`"
    message = f"its queue was `{before.queue}`, and is `{job.queue}`"
    return Finding("BRK123", verdict, both.places.job(name), message, hint, name)


def _earlier_shapes(
    name: str, job: LockedJob, compared: str, both: PackageComparison
) -> Iterator[Finding]:
    """Yield findings about shapes other than the current one and the shape `compared` with it."""
    shapes = {
        shape: fields
        for each in (name, *job.was)
        for lock in (both.new, both.old)
        if each in lock.jobs
        for shape, fields in lock.jobs[each].shapes.items()
    }
    for shape in sorted(shapes.keys() - {job.shape, compared}):
        payload = both.payloads[name]
        older = PayloadComparison(name, payload, shapes[shape], shape, both.places)
        if (finding := older.unread()) is not None:
            yield finding
