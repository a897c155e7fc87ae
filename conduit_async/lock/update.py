"""The lock of a package after a compilation, given the previous lock."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from .model import Fields, Lock, LockedJob


def updated(old: Lock, new: Lock) -> Lock:
    """Return the new lock with the old one's shapes, and with removed types as retired ones."""
    jobs = {name: _merged(old.jobs.get(name), job) for name, job in new.jobs.items()}
    for name, job in old.jobs.items():
        if name not in jobs:
            jobs[name] = replace(job, retired=True)
    return replace(new, jobs=jobs)


def _merged(old: LockedJob | None, new: LockedJob) -> LockedJob:
    return new if old is None else replace(new, shapes={**old.shapes, **new.shapes})


def older_shapes(lock: Lock, names: Iterable[str], shape: str) -> Mapping[str, Fields]:
    """Return the shapes, except `shape`, that jobs of these names may have, by fingerprint."""
    found: dict[str, Fields] = {}
    for name in names:
        if (job := lock.jobs.get(name)) is not None:
            found = {**job.shapes, **found}
    found.pop(shape, None)
    return dict(sorted(found.items()))
