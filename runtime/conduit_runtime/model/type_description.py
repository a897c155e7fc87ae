"""The description of a job type by a worker: its payload's shape, its source, its uses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .job import MAX_ATTEMPTS, Job, JobStatus


@dataclass(frozen=True, slots=True)
class FieldShape:
    """The type of a field in the JSON of a payload.

    `kind` is the name of a `Kind`, or any, enum, array, hash, struct or record. `values` are those
    of an enum, `item` is the type of the items of an array or a hash, `name` and `fields` are those
    of a struct or a record.
    """

    kind: str
    nullable: bool = False
    sensitive: bool = False
    values: tuple[str, ...] = ()
    item: "FieldShape | None" = None
    name: str = ""
    fields: Mapping[str, "FieldShape"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TypeSource:
    """The place of a job type's code, and its text if the worker could read it.

    `line` is the first line of the text, from 1.
    """

    path: str = ""
    line: int = 1
    text: str = ""


@dataclass(frozen=True, slots=True)
class HookUses:
    """A hook, such as `Order.after_create`, and the services that the hook itself calls."""

    name: str
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TypeDescription:
    """A worker's description of a job type and a shape of its payload, from its code.

    `hooks` are those that enqueue the type, `enqueues` the types that its jobs enqueue, `calls` the
    methods of services that its jobs call. `options` are those that differ from their defaults,
    with durations in seconds. `is_older` is whether an upcaster reads the shape. `steps` has the
    fields of what each step of a block keeps. With `keeps_threads`, jobs run in threads and have no
    timeout: a call that hangs keeps the slot of its job.
    """

    fields: Mapping[str, FieldShape] = field(default_factory=dict)
    source: TypeSource | None = None
    hooks: tuple[HookUses, ...] = ()
    enqueues: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    is_older: bool = False
    steps: Mapping[str, Mapping[str, FieldShape]] = field(default_factory=dict)
    keeps_threads: bool = False


@dataclass(frozen=True, slots=True)
class DescribedType:
    """A job type with a fingerprint of its payload, as workers have described it.

    `queue` is the default queue of its jobs; empty if the code does not say. The empty fingerprint
    is that of a handler that is written by hand, which takes any payload.
    """

    type: str
    fingerprint: str
    queue: str
    description: TypeDescription


def max_attempts_of(job: Job, described: Iterable[DescribedType]) -> int:
    """After how many failed attempts a job ends, as far as the descriptions of its type say.

    A handler that is written by hand may replace the default; the job has its number after its
    first attempt.
    """
    is_over = job.status not in (JobStatus.PENDING, JobStatus.RUNNING)
    if is_over or job.max_attempts != MAX_ATTEMPTS:
        return job.max_attempts
    by_hand = (each.description.options for each in described if not each.fingerprint)
    found = next((each.get("max_attempts") for each in by_hand), None)
    return found if isinstance(found, int) else job.max_attempts


@dataclass(frozen=True, slots=True)
class KnownShape:
    """The fields of the payloads that have a fingerprint, and of what steps of their jobs keep."""

    fingerprint: str
    fields: Mapping[str, FieldShape]
    steps: Mapping[str, Mapping[str, FieldShape]] = field(default_factory=dict)
