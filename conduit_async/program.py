"""A checked program: every name resolved, every type known, every capture decided.

Made by `check`, read by `plan`. The syntax tree stays as it is; what was found out about its
nodes stands in `Facts`, keyed by node.
"""

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from . import ast
from .library import Signature
from .source import Span
from .types import Shape, Struct, Type


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a resource's table, or a field of a struct.

    `name` is the source's name, which is also the column's and the JSON key; `python` is the
    attribute in generated code (`from_` for `from`).
    """

    name: str
    python: str
    type: Type
    auto_update: bool = False
    sensitive: bool = False
    span: Span | None = None
    doc: str | None = None


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
    options: dict[str, Any] = field(default_factory=dict)
    span: Span | None = None


@dataclass(frozen=True)
class ParameterInfo:
    """A parameter of a function or a scope."""

    name: str
    python: str
    type: Type
    default: ast.Expr | None


@dataclass(eq=False)
class FunctionInfo:
    """A `@function` or `@computed` of a resource.

    `reads` are the paths of `self` that it uses, through the functions that it calls as well, so
    that whoever calls it captures them; `uses_services` and `uses_database` say that it exists
    once for hooks and once for jobs.
    """

    name: str
    python: str
    parameters: tuple[ParameterInfo, ...]
    result: Type
    body: ast.Block
    doc: str | None
    computed: bool
    reads: tuple["Capture", ...] = ()
    uses_services: bool = False
    uses_database: bool = False
    reached: bool = False


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
    `shape` tells the types within a hash or an array of mixed values.
    """

    name: str
    python: str
    type: Type
    kind: CaptureKind
    path: tuple[str, ...]
    node: ast.Expr | None = None
    local: "Local | None" = None
    shape: Shape | None = None


@dataclass(eq=False)
class JobInfo:
    """One `@async` block, which is one job type.

    `python` is the handler's name and `payload` the payload class's; `nested` are the blocks
    directly inside. `options` are those given, checked: constants as Python values (durations in
    seconds), expressions as nodes.
    """

    name: str
    python: str
    payload: str
    fingerprint: str
    queue: str
    priority: int
    max_attempts: int
    options: dict[str, Any]
    block: ast.Async
    captures: tuple[Capture, ...]
    parent: "JobInfo | None" = None
    nested: list["JobInfo"] = field(default_factory=list)


@dataclass(eq=False)
class HookInfo:
    """One `@after` hook of a resource that has jobs, with its jobs in the order of the source."""

    node: ast.Hook
    jobs: list[JobInfo]
    uses_services: bool = False
    uses_context: bool = False


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


@dataclass(frozen=True)
class ServiceParameter:
    """A named parameter of a service's method; `optional` when some call leaves it out."""

    name: str
    python: str
    types: tuple[Type, ...]
    optional: bool


CALL = "__call__"
"""The method of a service that is a function itself: `notify(…)`, one of the `externs`."""


@dataclass(eq=False)
class MethodInfo:
    """A method of a service: its name in the source, and the union of all its calls."""

    name: str
    python: str
    positional: list[tuple[Type, ...]]
    required_positional: int
    named: dict[str, ServiceParameter]


@dataclass(eq=False)
class ServiceInfo:
    """An external service: `name` as in the source, `python` its attribute (`search_index`).

    One without methods is a value, one of the `externs`.
    """

    name: str
    python: str
    methods: dict[str, MethodInfo]


# What a name or a call turned out to be


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
    owner: JobInfo | None
    value: ast.Expr | None = None


@dataclass(frozen=True, eq=False)
class SelfColumn:
    """`self.field`: a column of the record."""

    column: Column


@dataclass(frozen=True, eq=False)
class StructField:
    """`.field` of a struct."""

    column: Column


@dataclass(frozen=True, eq=False)
class RecordColumn:
    """`.field` of a record that is not `self`."""

    resource: str
    column: Column


@dataclass(frozen=True, eq=False)
class RelationUse:
    """`.relation` of a record (of `self` or another one): the row or rows, loaded."""

    owner: str
    relation: RelationInfo


@dataclass(frozen=True, eq=False)
class ComputedUse:
    """`self.field` of a `@computed`."""

    function: FunctionInfo


@dataclass(frozen=True, eq=False)
class FunctionCall:
    """A call of a `@function`; arguments in the order of the parameters, None: the default."""

    function: FunctionInfo
    arguments: tuple[ast.Expr | None, ...]


@dataclass(frozen=True, eq=False)
class LibraryCall:
    """A call of the standard library, as `String.upcase(x)` or as the method `x.upcase()`.

    `arguments` are in the order of the signature's parameters, the receiver of a method first;
    None: left out. `extra` are further named values (`Logger`).
    """

    signature: Signature
    arguments: tuple[ast.Expr | None, ...]
    extra: tuple[ast.Argument, ...] = ()
    safe: bool = False


@dataclass(frozen=True, eq=False)
class ServiceCall:
    """A call of an external service's method."""

    service: ServiceInfo
    method: MethodInfo
    positional: tuple[ast.Expr, ...]
    named: tuple[tuple[str, ast.Expr], ...]


@dataclass(frozen=True, eq=False)
class ChangeCall:
    """`self.x_changed?`, `…_changed_to?(v)`, `…_changed_from?(v)`, `self.previous_value(:x)`."""

    kind: Literal["changed", "changed_to", "changed_from", "previous_value"]
    column: Column
    argument: ast.Expr | None


@dataclass(frozen=True, eq=False)
class KeyAccess:
    """`.name` on a hash, a json value, or a service's result."""

    name: str


@dataclass(frozen=True, eq=False)
class ErrorField:
    """`.message` or `.type` of a rescued error."""

    name: Literal["message", "type"]


@dataclass(frozen=True, eq=False)
class RecordCall:
    """A query or record operation: `Post.where(…)`, `.order_by(…)`, `Post.create!({…})`, …"""

    resource: str
    operation: str
    receiver: ast.Expr | None
    arguments: tuple[ast.Argument, ...]


@dataclass(frozen=True, eq=False)
class LambdaCall:
    """A call of a local that holds a lambda."""

    local: Local


@dataclass(frozen=True, eq=False)
class RaiseCall:
    """`error(…)` inside of an expression."""

    message: ast.Expr


@dataclass(frozen=True, eq=False)
class Extern:
    """A bare name that the configuration lists under `externs`, as a value."""

    service: ServiceInfo


Resolution: TypeAlias = (
    Local | SelfColumn | StructField | RecordColumn | RelationUse | ComputedUse | FunctionCall
    | LibraryCall | ServiceCall | ChangeCall | KeyAccess | ErrorField | RecordCall | LambdaCall
    | RaiseCall | Extern
)  # fmt: skip


@dataclass
class Facts:
    """What is known of the nodes that jobs and hooks reach.

    `types` has every expression reached. `resolutions` has every `NameRef`, `Member` and `Call`
    that means something by itself: for `self.title.upcase()` the call is a `LibraryCall`, its
    receiver `self.title` a `SelfColumn`, and the callee alone has none. `declared` has the local
    of every `Let`, `For` and `Rescue` node, and of every lambda parameter's `Name`. `jobs` has
    every `@async` block, and `known_at` what is known not to be nil where it stands: paths of
    `"self"` or a local and the names below it. `narrowed` has the reads of a nullable value that
    are known not to be nil there.
    """

    types: dict[ast.Node, Type] = field(default_factory=dict)
    resolutions: dict[ast.Node, Resolution] = field(default_factory=dict)
    declared: dict[ast.Node, Local] = field(default_factory=dict)
    jobs: dict[ast.Async, JobInfo] = field(default_factory=dict)
    known_at: dict[ast.Async, frozenset[tuple[object, ...]]] = field(default_factory=dict)
    narrowed: set[ast.Node] = field(default_factory=set)


@dataclass
class Program:
    """Everything that `plan` needs; resources in the order of files and sources.

    `class_names` are the Python names of inline structs and enums. `reaches` are the functions and
    scopes of other resources that the code of a resource uses, as `Other.name`.
    """

    resources: dict[str, ResourceInfo]
    structs: dict[str, StructInfo]
    services: dict[str, ServiceInfo]
    facts: Facts
    class_names: dict[ast.TypeExpr, str] = field(default_factory=dict)
    reaches: dict[str, set[str]] = field(default_factory=dict)
