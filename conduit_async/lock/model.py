"""The content of a lock: job types of a package, their payload shapes, and called services."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..job_options import TYPE_OPTIONS, OptionValue

Kind: TypeAlias = Literal["scalar", "enum", "array", "hash", "struct", "record"]


@dataclass(frozen=True)
class FieldType:
    """The type of a field of a payload in JSON.

    `name` is the name of a scalar (`string`, `uuid`, `any`), of a struct's class, or of the
    resource of a snapshot. `values` are the values of an enum, `item` is the item type of an array
    or a hash, `fields` are the fields of a struct or a snapshot. `shape` lists the parts of a hash
    or an array of mixed values, as in the fingerprint. `table` is the table whose rows the value is
    a key of, if it is the key of a relation; "" if that is not known.
    """

    kind: Kind
    name: str = ""
    nullable: bool = False
    sensitive: bool = False
    values: tuple[str, ...] = ()
    item: "FieldType | None" = None
    fields: Mapping[str, "FieldType"] = field(default_factory=dict)
    shape: str = ""
    table: str = ""

    @property
    def is_untyped(self) -> bool:
        """Whether the type holds any JSON, nil included."""
        return self.kind == "scalar" and self.name in ("any", "json")

    @property
    def json_kind(self) -> str:
        """The format of a non-nil value in JSON, as in a fingerprint."""
        if self.kind == "scalar":
            return "any" if self.is_untyped else self.name
        if self.kind == "enum":
            return "string"
        return "object" if self.kind in ("struct", "record") else self.kind

    def is_of_another_table(self, other: "FieldType") -> bool:
        """Whether both are keys, but of rows of different tables."""
        return "" not in (self.table, other.table) and self.table != other.table

    def is_like(self, other: "FieldType") -> bool:
        """Whether both types have the same JSON, so that a value needs no conversion.

        Different enum values and class names do not count, since a fingerprint has neither.
        """
        if self.nullable != other.nullable or self.json_kind != other.json_kind:
            return False
        if self.is_of_another_table(other):
            return False
        if self.item is not None and other.item is not None:
            return self.item.is_like(other.item)
        return self.fields.keys() == other.fields.keys() and all(
            kind.is_like(other.fields[name]) for name, kind in self.fields.items()
        )

    def __str__(self) -> str:
        """Return the type as in a source, and its table: `array<string?>`, `uuid? of users`."""
        text = self.name or self.kind
        if self.item is not None:
            text = f"{self.kind}<{self.item}>"
        text = f"{text}?" if self.nullable else text
        return f"{text} of {self.table}" if self.table else text


@dataclass(frozen=True)
class BlockIdentity:
    """What distinguishes an unnamed `@async` block from others of its hook.

    `statements` are short hashes of its statements, in the order of the source.
    """

    statements: tuple[str, ...]


Fields: TypeAlias = Mapping[str, FieldType]
"""A payload shape: the captured fields by their names in JSON."""


Pause: TypeAlias = Literal["", "sleep", "wait"]
"""What a step waits for: a time, or the signal of its name; most wait for nothing."""

RESCUED = "rescue"
"""The name in JSON of the error that a `rescue` behind a step handles; no variable has it."""


@dataclass(frozen=True)
class LockedStep:
    """A step of a block, or an effect of it that has no record.

    `hash` tells its last statement from others, `within` the branches that lead to it ("" if it is
    reached in any case). `kept` are the values that are stored with its record, by their names in
    JSON: `label`, or `label.carrier` for a part of it. It is None for an effect without a record.
    `pause` tells sleeps and waits from other steps.
    """

    name: str
    hash: str
    within: str = ""
    kept: Fields | None = None
    pause: Pause = ""


@dataclass(frozen=True)
class Unreadable:
    """The first field for which code cannot read payloads of another shape.

    `field` is its path, as in `order.delivery.city` or `lines[].price`; `reason` is for users.
    `looks_readable`: the JSON alone does not show it.
    """

    field: str
    reason: str
    looks_readable: bool = False

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}"


@dataclass(frozen=True)
class LockedJob:
    """A job type that the package has or had.

    `hook` is the resource and the event, as in `Order.after_create`. `shape` is the fingerprint of
    its current payload, or of its last one if the type is retired. `shapes` has this shape and all
    earlier ones, by fingerprint. `options` are those that differ from their defaults. `was` are
    earlier names whose jobs it runs. `block` is None for a job with a `name`. `calls` are the
    methods of services that its jobs call and the tables that they write, once for each place,
    further jobs included. `steps` are those of its block in the order of the source, None for a
    block that never had any.
    """

    hook: str
    shape: str
    shapes: Mapping[str, Fields]
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    retired: bool = False
    was: tuple[str, ...] = ()
    block: BlockIdentity | None = None
    calls: tuple[str, ...] = ()
    steps: tuple[LockedStep, ...] | None = None

    @property
    def queue(self) -> str:
        """The queue of its jobs."""
        return str(TYPE_OPTIONS["queue"].of(self.options))

    def has_block_of(self, other: "LockedJob") -> bool:
        """Whether both are the same unnamed block, even in different hooks."""
        return self.block is not None and self.block.statements != () and self.block == other.block


Services: TypeAlias = Mapping[str, Mapping[str, tuple[str, ...]]]
"""The arguments of each method of each service, by the names in the source.

A positional argument is a number from `1`, a named one its name. `?` follows an argument that some
call leaves out. A service without methods is a value.
"""


@dataclass(frozen=True)
class Lock:
    """The content of a package's `jobs.lock`.

    `hooks` are the hooks that the application calls, such as `Order.after_create`. `services` are
    called by jobs (and perhaps by hooks), `hook_services` only by hooks.
    """

    jobs: Mapping[str, LockedJob] = field(default_factory=dict)
    hooks: tuple[str, ...] = ()
    services: Services = field(default_factory=dict)
    hook_services: Services = field(default_factory=dict)
    prefix: str | None = None
    schema: str | None = None

    @property
    def current(self) -> dict[str, LockedJob]:
        """The present job types of the package, by name."""
        return {name: job for name, job in self.jobs.items() if not job.retired}
