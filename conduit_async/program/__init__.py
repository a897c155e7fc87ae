"""A checked program: every name resolved, every type known, every capture decided.

`check` makes it and `plan` reads it. The syntax tree stays as it is: `Facts` holds what is known
of each node.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from .. import ast
from ..library import Signature
from ..names import record_name, snapshot_name
from ..types import Record, Struct, Type, required
from .declarations import *  # noqa: F403
from .declarations import Column, FunctionInfo, RelationInfo, ResourceInfo, Resources, StructInfo
from .jobs import *  # noqa: F403
from .jobs import JobInfo, Local


class SelfColumn(ast.Frozen):
    """`self.field`: a column of the record."""

    column: Column


class StructField(ast.Frozen):
    """`.field` of a struct."""

    column: Column


class RecordColumn(ast.Frozen):
    """`.field` of a record that is not `self`."""

    resource: str
    column: Column


class RelationUse(ast.Frozen):
    """`.relation` of a record (of `self` or another one): the row or rows, loaded."""

    owner: str
    relation: RelationInfo


class FunctionCall(ast.Frozen):
    """A call of a `@function`, or `.field` of a `@computed`, which has no arguments.

    Arguments are in the order of the parameters; None stands for the default.
    """

    function: FunctionInfo
    arguments: tuple[ast.Expr | None, ...] = ()


class LibraryCall(ast.Frozen):
    """A call of the standard library, as `String.upcase(x)` or as the method `x.upcase()`.

    `arguments` are in the order of the signature's parameters, the receiver of a method first;
    None stands for one that is left out. `extra` are other named values (`Logger`).
    """

    signature: Signature
    arguments: tuple[ast.Expr | None, ...]
    extra: tuple[ast.Argument, ...] = ()
    safe: bool = False


class ServiceCall(ast.Frozen):
    """A call of a method of an external service; if the service is a function, `method` is `CALL`.

    In a batch, each `listed` argument is a list with the value of each job.
    """

    service: str
    method: str
    positional: tuple[ast.Expr, ...]
    named: tuple[tuple[str, ast.Expr], ...]
    listed: tuple[ast.Expr, ...] = ()


class ChangeCall(ast.Frozen):
    """`self.x_changed?`, `…_changed_to?(v)`, `…_changed_from?(v)`, `self.previous_value(:x)`."""

    kind: Literal["changed", "changed_to", "changed_from", "previous_value"]
    column: Column
    argument: ast.Expr | None


class KeyAccess(ast.Frozen):
    """`.name` on a hash, a json value, or a service's result."""

    name: str


class ErrorField(ast.Frozen):
    """`.message` or `.type` of a rescued error."""

    name: Literal["message", "type"]


class RecordCall(ast.Frozen):
    """A query or record operation: `Post.where(…)`, `.order_by(…)`, `Post.create!({…})`, …"""

    resource: str
    operation: str
    receiver: ast.Expr | None
    arguments: tuple[ast.Argument, ...]


class LambdaCall(ast.Frozen):
    """A call of a local that holds a lambda."""

    local: Local


class RaiseCall(ast.Frozen):
    """`error(…)` inside of an expression."""

    message: ast.Expr


class Extern(ast.Frozen):
    """A bare name that the configuration lists under `externs`, as a value."""

    service: str


Resolution: TypeAlias = (
    Local | SelfColumn | StructField | RecordColumn | RelationUse | FunctionCall
    | LibraryCall | ServiceCall | ChangeCall | KeyAccess | ErrorField | RecordCall | LambdaCall
    | RaiseCall | Extern
)  # fmt: skip


@dataclass
class Facts:
    """The facts about the nodes that jobs and hooks reach.

    `types` has every expression reached. `resolutions` has every `NameRef`, `Member` and `Call`
    that means something by itself: for `self.title.upcase()` the call is a `LibraryCall`, its
    receiver `self.title` a `SelfColumn`, and the callee alone has none. `declared` has the local
    of every `Let`, `For` and `Rescue` node, and of every lambda parameter's `Name`. `jobs` has
    every `@async` block. `known_at` has the values that are known not to be nil at each block, as
    paths: `"self"` or a local, and the names below it. `narrowed` has the reads of a nullable value
    that are known not to give nil, `certain` the reads of an entry that a literal is known to
    have. `excluded` has the comparisons of an enum's value with one that it is known not to be.
    `assigned` has the values of locals after their first. `unmatched` has every `match` with the
    patterns that it lacks; it gives nil for a value that only those would take. `raising` has the
    expressions that always raise an error.
    """

    types: dict[ast.Node, Type] = field(default_factory=dict)
    resolutions: dict[ast.Node, Resolution] = field(default_factory=dict)
    declared: dict[ast.Node, Local] = field(default_factory=dict)
    jobs: dict[ast.Async, JobInfo] = field(default_factory=dict)
    known_at: dict[ast.Async, frozenset[tuple[object, ...]]] = field(default_factory=dict)
    narrowed: set[ast.Node] = field(default_factory=set)
    certain: set[ast.Node] = field(default_factory=set)
    excluded: set[ast.Node] = field(default_factory=set)
    assigned: dict[Local, list[ast.Expr]] = field(default_factory=dict)
    unmatched: dict[ast.Match, tuple[str, ...]] = field(default_factory=dict)
    raising: set[ast.Expr] = field(default_factory=set)

    def values_of(self, local: Local) -> list[ast.Expr]:
        """Return the values of a local: that of its `let`, and those assigned later."""
        first = [local.value] if local.value is not None else []
        return [*first, *self.assigned.get(local, ())]


@dataclass
class Program:
    """Everything that `plan` needs; resources are in the order of files, then of the source.

    `class_names` are the Python names of inline structs and enums.
    """

    resources: Resources = field(default_factory=Resources)
    structs: dict[str, StructInfo] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    class_names: dict[ast.TypeExpr, str] = field(default_factory=dict)

    def members(self, kind: Type) -> Mapping[str, Column]:
        """The fields of a struct, or the columns of a record; nothing else has any."""
        match required(kind):
            case Struct(name):
                return self.structs[name].fields
            case Record(name):
                return self.resources[name].columns
        return {}

    def columns(self, info: ResourceInfo, path: Iterable[str]) -> Iterator[Column]:
        """The columns along a path of rows: `address`, then `country` of its struct."""
        columns: Mapping[str, Column] = info.columns
        for name in path:
            yield columns[name]
            columns = self.members(columns[name].type)

    def classes(self) -> set[str]:
        """The names of all classes and aliases that `records.py` may have."""
        rows = {name(each) for each in self.resources for name in (record_name, snapshot_name)}
        return rows | {*self.class_names.values()}
