"""What a lock holds: the job types of a package, their payload shapes, the services it calls."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["scalar", "enum", "array", "hash", "struct", "record"]


@dataclass(frozen=True)
class FieldType:
    """The type of a payload's field, as it is written in JSON.

    `name` is that of a scalar (`string`, `uuid`, `any`), the class of a struct, or the resource of
    a snapshot. `values` are those of an enum, `item` is what an array or a hash holds, `fields` are
    those of a struct or a snapshot. `shape` tells what a hash or an array of mixed values holds, as
    in the fingerprint.
    """

    kind: Kind
    name: str = ""
    nullable: bool = False
    sensitive: bool = False
    values: tuple[str, ...] = ()
    item: "FieldType | None" = None
    fields: Mapping[str, "FieldType"] = field(default_factory=dict)
    shape: str = ""

    @property
    def is_untyped(self) -> bool:
        """Whether it holds any JSON, nil included."""
        return self.kind == "scalar" and self.name in ("any", "json")

    @property
    def json_kind(self) -> str:
        """How a value that is not nil is written, as in a fingerprint."""
        if self.kind == "scalar":
            return "any" if self.is_untyped else self.name
        if self.kind == "enum":
            return "string"
        return "object" if self.kind in ("struct", "record") else self.kind

    def is_like(self, other: "FieldType") -> bool:
        """Whether both are written alike in JSON, so that a value is passed on as it is.

        Enums of other values are alike, and so are classes of other names: a fingerprint has
        neither.
        """
        if self.nullable != other.nullable or self.json_kind != other.json_kind:
            return False
        if self.item is not None and other.item is not None:
            return self.item.is_like(other.item)
        return self.fields.keys() == other.fields.keys() and all(
            kind.is_like(other.fields[name]) for name, kind in self.fields.items()
        )

    def __str__(self) -> str:
        """In the language's words: `int`, `array<string?>`, `OrderAddress?`."""
        text = self.name or self.kind
        if self.item is not None:
            text = f"{self.kind}<{self.item}>"
        return f"{text}?" if self.nullable else text


@dataclass(frozen=True)
class Block:
    """What tells an unnamed `@async` block from others of its hook.

    `statements` are short hashes of its statements, in the order of the source.
    """

    statements: tuple[str, ...]


Fields: TypeAlias = Mapping[str, FieldType]
"""A payload shape: the captured fields by their names in JSON."""


@dataclass(frozen=True)
class Unreadable:
    """The first field for which code cannot read payloads of another shape.

    It has the field's path, as in `order.delivery.city` or `lines[].price`, and why in plain words.
    """

    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}"


@dataclass(frozen=True)
class LockedJob:
    """A job type that the package has or had.

    `hook` is the resource and the event, as in `Order.after_create`. `shape` is the fingerprint of
    its payload now, or at last if it is retired; `shapes` has that one and all earlier ones, by
    fingerprint. `was` are earlier names whose jobs it runs. Durations are in seconds. `block` is
    None for a job with a `name`.
    """

    hook: str
    shape: str
    shapes: Mapping[str, Fields]
    queue: str = "default"
    priority: int = 50
    max_attempts: int = 3
    timeout: float | None = None
    backoff: str = "exponential"
    base: float | None = None
    concurrency: int | None = None
    rate_limit: int | None = None
    per: float | None = None
    batch: int | None = None
    wait: float | None = None
    retry_on: tuple[str, ...] = ()
    discard_on: tuple[str, ...] = ()
    retired: bool = False
    was: tuple[str, ...] = ()
    block: Block | None = None

    def has_block_of(self, other: "LockedJob") -> bool:
        """Whether both are the same unnamed block, perhaps of different hooks."""
        return self.block is not None and self.block.statements != () and self.block == other.block


Services: TypeAlias = Mapping[str, Mapping[str, tuple[str, ...]]]
"""By service and method, as the source names them: its arguments.

Positional ones are numbers from `1`, named ones their names; `?` follows one that some call leaves
out. A service without methods is a value.
"""


@dataclass(frozen=True)
class Lock:
    """What `jobs.lock` of a package holds.

    `hooks` are those that the application calls, as `Order.after_create`. `services` are called by
    jobs (and perhaps by hooks), `hook_services` by hooks alone.
    """

    jobs: Mapping[str, LockedJob] = field(default_factory=dict)
    hooks: tuple[str, ...] = ()
    services: Services = field(default_factory=dict)
    hook_services: Services = field(default_factory=dict)
    prefix: str | None = None
    schema: str | None = None

    @property
    def current(self) -> dict[str, LockedJob]:
        """The job types that the package has now, by name."""
        return {name: job for name, job in self.jobs.items() if not job.retired}
