"""What a name or a call turned out to be."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from .. import ast
from ..library import Signature
from .declarations import Column, FunctionInfo, Local, MethodInfo, RelationInfo, ServiceInfo


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
