"""The lock of a package after a compilation, given the one before."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from .model import Fields, Lock, LockedJob


def updated(old: Lock, new: Lock) -> Lock:
    """What the sources give, and what is gone: types stay as retired ones, and shapes stay."""
    jobs = {name: _merged(old.jobs.get(name), job) for name, job in new.jobs.items()}
    for name, job in old.jobs.items():
        if name not in jobs:
            jobs[name] = replace(job, retired=True)
    return replace(new, jobs=jobs)


def _merged(old: LockedJob | None, new: LockedJob) -> LockedJob:
    return new if old is None else replace(new, shapes={**old.shapes, **new.shapes})


def older_shapes(lock: Lock, names: Iterable[str], shape: str) -> Mapping[str, Fields]:
    """The shapes that jobs of these names may have beside the current one, by fingerprint."""
    found: dict[str, Fields] = {}
    for name in names:
        if (job := lock.jobs.get(name)) is not None:
            found = {**job.shapes, **found}
    found.pop(shape, None)
    return dict(sorted(found.items()))
