"""What workers say of a job type: the shape of its payload, its source, what it leads to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldShape:
    """The type of a field, as a payload holds it in JSON.

    `kind` is string, bool, int, float, decimal, timestamp, date, time, duration, uuid, any, enum,
    array, hash, struct or record. `values` are those of an enum, `item` is what an array or a hash
    holds, `name` and `fields` are those of a struct or a record.
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
    """Where the code of a job type is, and its text if the worker could read it.

    `line` is the first line of the text, from 1.
    """

    path: str = ""
    line: int = 1
    text: str = ""


@dataclass(frozen=True, slots=True)
class HookUses:
    """A hook, such as `Order.after_create`, and the services that it calls itself."""

    name: str
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TypeDescription:
    """What the code of a worker says of a job type and a shape of its payload.

    `hooks` are those that enqueue the type, `enqueues` the types that its jobs enqueue, `calls` the
    methods of services that they call. `options` are those that differ from the usual ones;
    durations are in seconds. `is_older` is whether an upcaster reads the shape.
    """

    fields: Mapping[str, FieldShape] = field(default_factory=dict)
    source: TypeSource | None = None
    hooks: tuple[HookUses, ...] = ()
    enqueues: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    is_older: bool = False


@dataclass(frozen=True, slots=True)
class DescribedType:
    """A job type with a fingerprint of its payload, as workers have described it.

    `queue` is where its jobs go unless they say otherwise; empty if the code does not say. The
    empty fingerprint is that of a handler that was written by hand, and takes any payload.
    """

    type: str
    fingerprint: str
    queue: str
    description: TypeDescription


@dataclass(frozen=True, slots=True)
class KnownShape:
    """The fields of the payloads with a fingerprint."""

    fingerprint: str
    fields: Mapping[str, FieldShape]
