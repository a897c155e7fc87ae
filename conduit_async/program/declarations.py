"""What a program declares: columns, relations, functions, and the resources that have them."""

from dataclasses import dataclass, field
from typing import Any, Literal

from .. import ast
from ..source import Span
from ..types import Struct, Type
from .jobs import Capture, HookInfo, JobInfo


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a resource's table, or a field of a struct.

    `name` is the source's name, which is also the column's and the JSON key; `python` is the
    attribute in generated code (`from_` for `from`). `was` are its earlier names, `default` is what
    `@default` gives it. `is_nullable` is whether the source allows nil, which the type `json` does
    not say.
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
    is_nullable: bool = False


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


@dataclass(eq=False)
class FunctionInfo:
    """A `@function` or `@computed` of a resource.

    `reads` are the paths of `self` that it and the functions it calls use; its callers capture
    them. A function with `uses_services` or `uses_database` exists once for hooks and once for
    jobs.
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


@dataclass(eq=False)
class ResourceInfo:
    """A resource: its table, its columns in the order of the source, its functions and hooks."""

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

    def column(self, name: str) -> Column | None:
        """The column of a field, or of a relation's key."""
        relation = self.relations.get(name)
        if relation is not None and relation.kind == "to_one":
            name = relation.key
        return self.columns.get(name)

    @property
    def jobs(self) -> list[JobInfo]:
        """The jobs of all its hooks, in the order of the source."""
        return [job for hook in self.hooks for job in hook.jobs]


class Resources(dict[str, ResourceInfo]):
    """Resources by name. `uses` notes which names are looked up for each resource.

    Iteration over all resources is not noted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.uses: dict[str, set[str]] = {}
        self._noted: set[str] = set()

    def work_on(self, info: ResourceInfo) -> None:
        """Note further lookups as uses by this resource."""
        self._noted = self.uses.setdefault(info.name, set())

    def note_no_more(self) -> None:
        """Note no further lookups."""
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
