"""What the functions of one generated module share."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from ... import ast
from ...names import record_name, snake_case, snapshot_name, unclashed
from ...program import Column, Facts, FunctionInfo, Local, Program, ResourceInfo
from ...python.annotations import annotation
from ...python.imports import Imports
from ...types import Type

Place: TypeAlias = Literal["hook", "job", "function"]
"""What code runs in; `function` is for functions that use neither services nor the database."""


@dataclass(frozen=True)
class Variant:
    """A function as hooks or jobs need it, or both."""

    function: FunctionInfo
    resource: ResourceInfo
    place: Place


@dataclass
class Module:
    """The module of a resource while it is built.

    `defined` are the names that it defines. `variants` are the needed functions and their names,
    in the order of their first use. `job_services` are the services that its jobs use, and
    `job_calls` are the calls of these services.
    """

    program: Program
    resource: ResourceInfo
    awaits: bool
    imports: Imports
    defined: frozenset[str]
    variants: dict[Variant, str] = field(default_factory=dict)
    job_services: set[str] = field(default_factory=set)
    job_calls: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def facts(self) -> Facts:
        """The facts that checking found about the nodes."""
        return self.program.facts

    def path_of(self, node: ast.Node) -> tuple[Local | Literal["self"], *tuple[str, ...]] | None:
        """Return the local, or `"self"`, of which an expression reads a part, and the names."""
        names: list[str] = []
        while isinstance(node, ast.Member):
            names.insert(0, node.name.text)
            node = node.target
        local = self.facts.resolutions.get(node)
        if isinstance(node, ast.SelfRef):
            return ("self", *names)
        return (local, *names) if isinstance(local, Local) else None

    def reads_narrowed(self, node: ast.Expr) -> bool:
        """Whether code reads a value, or a whole around it, where it is known not to be nil."""
        path = self.path_of(node) or ()
        wholes = (path[:length] for length in range(1, len(path) + 1))
        return any((node.span.source.path, whole) in self._narrowed for whole in wholes)

    @cached_property
    def _narrowed(self) -> frozenset[tuple[str, tuple[object, ...]]]:
        paths = ((each, self.path_of(each)) for each in self.facts.narrowed)
        return frozenset((each.span.source.path, path) for each, path in paths if path is not None)

    @property
    def record(self) -> str:
        """The class of the resource's rows."""
        return self.record_class(self.resource.name)

    @property
    def record_variable(self) -> str:
        """The variable of the resource's row in a hook or a job."""
        return snake_case(self.resource.name)

    @property
    def hook(self) -> str:
        """The class in which hooks run."""
        return self.imports.runtime("AsyncHook" if self.awaits else "Hook")

    @property
    def services(self) -> str:
        """The Protocol of all services."""
        return self.imports.use(".services", "Services")

    @property
    def job_context(self) -> str:
        """The type of the context of a job."""
        return f"{self.imports.runtime('JobContext')}[{self.services}]"

    def record_class(self, resource: str) -> str:
        """Return the class of a resource's rows."""
        return self.imports.use(".records", record_name(resource))

    def snapshot_class(self, resource: str) -> str:
        """Return the class of a resource's snapshots."""
        return self.imports.use(".records", snapshot_name(resource))

    def annotation(self, of: Type) -> str:
        """Return a type as an annotation of this module."""
        return annotation(of, self.imports)

    def variant(self, function: FunctionInfo, resource: ResourceInfo, place: Place) -> Variant:
        """Return a function of a resource for hooks or jobs; add it to the module if it is new."""
        if not (function.uses_services or function.uses_database):
            place = "function"
        variant = Variant(function, resource, place)
        if variant not in self.variants:
            name, taken = function.python, set(self.variants.values())
            if resource is not self.resource:
                name, taken = f"{snake_case(resource.name)}_{name}", taken | self.defined
            self.variants[variant] = unclashed(
                f"{name}_in_{place}" if name in taken else name, taken
            )
        return variant

    def columns(self, resource: str, path: tuple[str, ...]) -> Iterator[Column]:
        """Yield the columns along a path of a resource's rows."""
        return self.program.columns(self.program.resources[resource], path)
