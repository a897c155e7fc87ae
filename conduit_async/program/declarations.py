"""What a program declares: columns, relations, functions, hooks and their jobs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from .. import ast
from ..lock.model import Fields, Unreadable
from ..lock.upcasting import NewFields, Upcast
from ..source import Span
from ..types import Shape, Struct, Type


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a resource's table, or a field of a struct.

    `name` is the source's name, which is also the column's and the JSON key; `python` is the
    attribute in generated code (`from_` for `from`). `was` are its earlier names, `default` is what
    `@default` gives it.
    """

    name: str
    python: str
    type: Type
    auto_update: bool = False
    sensitive: bool = False
    span: Span | None = None
    doc: str | None = None
    was: tuple[str, ...] = ()
    default: ast.Expr | None = None


@dataclass(frozen=True)
class StructInfo:
    """An inline struct; `name` is its Python class, `owner` the path of the field that has it."""

    type: Struct
    owner: str
    fields: dict[str, Column]


@dataclass(frozen=True)
class RelationInfo:
    """A relation of a resource.

    `to_one` (a field, `belongs_to`): `key` is the owner's column that holds the target's key.
    `has_one`, `to_many`: `key` is the column of the target (or `through`) that holds the owner's.
    """

    name: str
    kind: Literal["to_one", "has_one", "to_many"]
    target: str
    key: str
    nullable: bool
    through: str | None = None
    options: dict[str, str | None] = field(default_factory=dict)
    span: Span | None = None


@dataclass(frozen=True)
class ParameterInfo:
    """A parameter of a function or a scope."""

    name: str
    python: str
    type: Type
    default: ast.Expr | None
    node: ast.Parameter


@dataclass(frozen=True, eq=False)
class Local:
    """A `let`, a parameter, a loop variable, a lambda's parameter or a rescue's error.

    `owner` is the job in whose block it is declared (None: the hook's or a function's body);
    `python` is its name in generated code, `value` what a `let` gives it first.
    """

    name: str
    python: str
    type: Type
    kind: Literal["let", "parameter", "loop", "lambda", "error"]
    span: Span
    owner: "JobInfo | None"
    value: ast.Expr | None = None

    def is_captured_by(self, job: "JobInfo | None") -> bool:
        """Whether it belongs to the code around a job, which stores its value."""
        owner = self.owner
        while job is not None and owner is not None and owner is not job:
            owner = owner.parent
        return job is not None and owner is None


CaptureKind: TypeAlias = Literal[
    "self_path",  # one value of the record: `path` is ("address", "country")
    "snapshot",  # the whole record, as a snapshot
    "local",  # a `let`, parameter or loop variable; `path` is its name
    "local_path",  # a value of a local that holds a record: ("item", "sku")
    "error",  # `err` of a rescue: two fields, message and type
    "change",  # change tracking: `self.x_changed?` and its kin, or `previous_value(:x)`
    "context",  # a value of `Context`
]


@dataclass(frozen=True)
class Capture:
    """One field of a job's payload.

    `name` is the JSON key, `python` the attribute of the payload class. `path` names what is
    captured: for a change `(column, "changed")` or `(column, "previous")`, for an error
    `(local, "message")` or `(local, "type")`. `node` is an expression that gives the value at the
    place of the enqueue, for context; `local` is the one that is captured, for locals and errors.
    `shape` has the types within a hash or an array of mixed values. `is_sensitive`: it is the
    value of a sensitive column.
    """

    name: str
    python: str
    type: Type
    kind: CaptureKind
    path: tuple[str, ...]
    node: ast.Expr | None = None
    local: Local | None = None
    shape: Shape | None = None
    is_sensitive: bool = False


@dataclass(eq=False)
class FunctionInfo:
    """A `@function` or `@computed` of a resource.

    `reads` are the paths of `self` that it uses, through the functions that it calls as well, so
    that its callers capture them; `uses_services` and `uses_database` say that it exists
    once for hooks and once for jobs.
    """

    name: str
    python: str
    parameters: tuple[ParameterInfo, ...]
    result: Type
    body: ast.Block
    doc: str | None
    computed: bool
    reads: tuple[Capture, ...] = ()
    uses_services: bool = False
    uses_database: bool = False
    reached: bool = False


@dataclass(frozen=True)
class OlderPayload:
    """A shape that payloads of a job type had.

    `classes` are the names of its own class (of the path "") and of those of the structs and
    snapshots in it. `by_hand`: the application has an upcaster of it, so none is generated.
    """

    fields: Fields
    classes: Mapping[str, str]
    upcast: Upcast | Unreadable
    by_hand: bool = False


Upcasters: TypeAlias = frozenset[tuple[str, str, str]]
"""The upcasters of an application: the handler's module (empty if unknown), the handler, the shape.
"""


@dataclass(eq=False)
class JobInfo:
    """One `@async` block, which is one job type.

    `python` is the handler's name and `payload` the payload class's; `parent` is the job around.
    `options` are those given, checked: constants as Python values (durations in seconds),
    expressions as nodes. `hook_name` is the resource and the event: `Order.after_create`.
    `fields` is the shape of its payload, `older` are those that the lock has beside it, of its name
    and of those that it had before (`was`), by fingerprint; `older_payloads` says what reads them,
    given what is known of the `new_fields`. `statements` are what tells an unnamed
    block from others, as in the lock.
    """

    block: ast.Async
    parent: "JobInfo | None" = None
    name: str = ""
    python: str = ""
    payload: str = ""
    fingerprint: str = ""
    queue: str = ""
    priority: int = 0
    max_attempts: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    captures: tuple[Capture, ...] = ()
    was: tuple[str, ...] = ()
    hook_name: str = ""
    fields: Fields = field(default_factory=dict)
    older: Mapping[str, Fields] = field(default_factory=dict)
    statements: tuple[str, ...] = ()
    new_fields: NewFields = field(default_factory=dict)
    older_payloads: dict[str, OlderPayload] = field(default_factory=dict)


@dataclass(eq=False)
class HookInfo:
    """One `@after` hook of a resource that has jobs.

    `jobs` are in the order of the source, outer before nested.
    """

    node: ast.Hook
    jobs: list[JobInfo]


@dataclass(eq=False)
class ResourceInfo:
    """A resource: its table, its columns in the order of the source, and what it can do."""

    name: str
    table: str
    module: str
    node: ast.Resource
    primary_key: str | None
    columns: dict[str, Column]
    relations: dict[str, RelationInfo]
    functions: dict[str, FunctionInfo]
    scopes: dict[str, ast.Scope]
    hooks: list[HookInfo]
    doc: str | None

    @property
    def jobs(self) -> list[JobInfo]:
        """The jobs of all its hooks, in the order of the source."""
        return [job for hook in self.hooks for job in hook.jobs]


class Resources(dict[str, ResourceInfo]):
    """Resources by name, and for each of them the names that are looked up on its behalf.

    Looking through all of them is not noted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.uses: dict[str, set[str]] = {}
        self._noted: set[str] = set()

    def work_on(self, info: ResourceInfo) -> None:
        """Note what is looked up from now on as used by this resource."""
        self._noted = self.uses.setdefault(info.name, set())

    def note_no_more(self) -> None:
        """Note nothing of what is looked up from now on."""
        self._noted = set()

    def __getitem__(self, name: str) -> ResourceInfo:
        self._noted.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        if isinstance(name, str):
            self._noted.add(name)
        return super().__contains__(name)

    def get(self, name: str, default: Any = None, /) -> Any:
        self._noted.add(name)
        return super().get(name, default)
