"""Types as they are written."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from .expressions import Expr, String
from .node import Node

if TYPE_CHECKING:
    from .members import Field


@dataclass(frozen=True, eq=False, slots=True)
class NamedType(Node):
    """`string(50)`, `decimal(10,2)`, `User`."""

    name: str
    arguments: tuple[Expr, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class ArrayType(Node):
    """`array<element>`."""

    element: "TypeRef"


@dataclass(frozen=True, eq=False, slots=True)
class HashType(Node):
    """`hash<key, value>`."""

    key: "TypeRef"
    value: "TypeRef"


@dataclass(frozen=True, eq=False, slots=True)
class EnumType(Node):
    """`enum ["a", "b"]`."""

    values: tuple[String, ...]


@dataclass(frozen=True, eq=False, slots=True)
class StructType(Node):
    """`{ name: type! … }`."""

    fields: tuple["Field", ...]


TypeExpr: TypeAlias = NamedType | ArrayType | HashType | EnumType | StructType


@dataclass(frozen=True, eq=False, slots=True)
class TypeRef(Node):
    """A type and its marker: `!` (required True), `?` (False), or none (None, meaning required)."""

    type: TypeExpr
    required: bool | None

    @property
    def nullable(self) -> bool:
        """Whether nil is allowed."""
        return self.required is False
