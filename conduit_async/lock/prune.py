"""Removes shapes and job types from a lock that are no longer needed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from .model import Lock, LockedJob

ShapeId: TypeAlias = tuple[str, str]
"""A payload shape: the name of its job type, and its fingerprint."""


@dataclass(frozen=True)
class Pruned:
    """The remaining lock, and the dropped `shapes` and retired `types`."""

    lock: Lock
    shapes: tuple[ShapeId, ...]
    types: tuple[str, ...]


def prune(lock: Lock, needed: Iterable[ShapeId]) -> Pruned:
    """Drop shapes that are neither needed nor current, and types without a remaining shape."""
    kept = {*needed, *current_shapes(lock)}
    jobs: dict[str, LockedJob] = {}
    for name, job in lock.jobs.items():
        shapes = {each: fields for each, fields in job.shapes.items() if (name, each) in kept}
        if shapes:
            last = job.shape if job.shape in shapes else max(shapes)
            jobs[name] = replace(job, shapes=shapes, shape=last)
    gone = sorted({*all_shapes(lock)} - {*all_shapes(Lock(jobs))})
    types = tuple(sorted(lock.jobs.keys() - jobs.keys()))
    shapes_gone = tuple(each for each in gone if each[0] in jobs)
    return Pruned(replace(lock, jobs=jobs), shapes_gone, types)


def all_shapes(lock: Lock) -> Iterable[ShapeId]:
    """Every shape that a lock has."""
    return ((name, shape) for name, job in lock.jobs.items() for shape in job.shapes)


def current_shapes(lock: Lock) -> Iterable[ShapeId]:
    """The shapes in which jobs are enqueued."""
    return ((name, job.shape) for name, job in lock.current.items())
