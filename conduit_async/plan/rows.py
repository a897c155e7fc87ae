"""The rows of a package: enums, structs, records and snapshots, in the order of the sources."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import partial

from .. import ast
from ..names import record_name, snake_case, snapshot_name
from ..package import Row, RowHead, Rows, reserved_names
from ..program import Column, Program, ResourceInfo
from ..python import literals
from ..python.annotations import annotation, hiding, named
from ..python.imports import Imports
from ..types import Array, Enum, Hash, Optional, Struct, Type


def plan_rows(
    program: Program, paths: Iterable[str], outside: Collection[RowHead]
) -> tuple[Rows, frozenset[str]]:
    """Return the rows of some sources of a package, and the names that no import may take.

    `outside` are the rows of the package's other sources.
    """
    found = _rows(program, paths, ())
    reserved = reserved_names([*outside, *(head for rows in found.values() for head, _ in rows)])
    return (_rows(program, paths, reserved) if reserved else found), reserved


def _rows(program: Program, paths: Iterable[str], reserved: Collection[str]) -> Rows:
    types: dict[str, list[ast.TypeExpr]] = {}
    for node in program.class_names:
        types.setdefault(node.span.source.path, []).append(node)
    found: dict[str, list[tuple[RowHead, Row]]] = {path: [] for path in paths}
    for resource in program.resources.values():
        span = resource.node.span
        if (path := span.source.path) in found:
            own = [n for n in types.get(path, ()) if span.start <= n.span.start < span.end]
            found[path] += _Rows(program, resource, reserved).all(own)
    return {path: tuple(rows) for path, rows in found.items()}


class _Rows:
    """The rows of a resource."""

    def __init__(self, program: Program, resource: ResourceInfo, reserved: Collection[str]) -> None:
        self.program = program
        self.resource = resource
        self.reserved = reserved
        self.imports = Imports(reserved)
        self.hidden: set[str] = set()
        self.found: dict[str, tuple[RowHead, Row]] = {}

    def all(self, types: Iterable[ast.TypeExpr]) -> Iterable[tuple[RowHead, Row]]:
        """The rows of its columns, its record, its snapshot and further types in its source."""
        record, snapshot = record_name(self.resource.name), snapshot_name(self.resource.name)
        for column in self.resource.columns.values():
            self.type(column.type, 1, record)
        self.add(1, self.record(self.resource), snapshot)
        self.add(1, self.snapshot(self.resource))
        for node in types:
            name = self.program.class_names[node]
            if isinstance(node, ast.EnumType):
                values = tuple(value.value or "" for value in node.values)
                self.type(Enum(name, values), 0)
            elif name in self.program.structs:
                self.type(self.program.structs[name].type, 2)
        return self.found.values()

    def add(self, rank: int, row: Row, *within: str) -> None:
        """Add a row with the imports and hidden names noted since the last one."""
        aliases = {name for name, _ in row.fields if name.endswith("_")}
        hidden = tuple(sorted(aliases | self.hidden))
        imports = tuple(self.imports.names())
        self.found[row.name] = RowHead(row.name, rank, within, imports, hidden), row
        self.imports, self.hidden = Imports(self.reserved), set()

    def type(self, kind: Type, rank: int, *within: str) -> None:
        """Add the enums and structs of a type, inner ones first."""
        match kind:
            case Optional(item) | Array(item):
                self.type(item, rank, *within)
            case Hash(key, value):
                self.type(key, rank, *within)
                self.type(value, rank, *within)
            case Enum(name) | Struct(name) if name in self.found:
                head, row = self.found[name]
                self.found[name] = replace(head, within=(*head.within, *within)), row
            case Enum(name):
                literal = self.imports.use("typing", "Literal")
                values = ", ".join(literals.quoted(value) for value in kind.values)
                self.add(
                    1 if rank == 1 else 0, Row("enum", name, value=f"{literal}[{values}]"), *within
                )
            case Struct(name):
                info = self.program.structs[name]
                for column in info.fields.values():
                    self.type(column.type, rank, name)
                fields = info.fields.values()
                doc = f"`{info.owner}` of {_a(self.resource.name)}."
                decorators = (*self.named(fields), self.dataclass("slots=True"))
                self.add(rank, Row("struct", name, decorators, self.fields(fields), doc), *within)

    def record(self, resource: ResourceInfo) -> Row:
        """The class of a resource's rows."""
        columns = list(resource.columns.values())
        table = f"{self.imports.runtime('table')}({literals.quoted(resource.table)}"
        table += f", key={literals.quoted(resource.primary_key or 'id')}"
        updated = [literals.quoted(column.name) for column in columns if column.auto_update]
        if updated:
            table += f", auto_update={literals.tuple_of(updated)}"
        decorators = (*self.named(columns), f"{table})", self.dataclass("slots=True"))
        fields = self.fields(columns)
        return Row("record", record_name(resource.name), decorators, fields, resource.doc)

    def snapshot(self, resource: ResourceInfo) -> Row:
        """The class of a row as a job stores it."""
        columns = [column for column in resource.columns.values() if not column.sensitive]
        without = "" if len(columns) == len(resource.columns) else ", without sensitive columns"
        doc = f"{_a(resource.name).capitalize()} as it was when it was taken{without}."
        decorators = (*self.named(columns), self.dataclass("frozen=True, slots=True"))
        base = f"{self.imports.runtime('Snapshot')}[{record_name(resource.name)}]"
        name = snapshot_name(resource.name)
        return Row("snapshot", name, decorators, self.fields(columns), doc, of=base)

    def dataclass(self, options: str) -> str:
        """The decorator of a class."""
        return f"{self.imports.use('dataclasses', 'dataclass')}({options})"

    def named(self, columns: Iterable[Column]) -> tuple[str, ...]:
        """The decorator with the source's names, if any differ from the Python names."""
        found = named(self.imports, {column.python: column.name for column in columns})
        return (found,) if found is not None else ()

    def fields(self, columns: Iterable[Column]) -> tuple[tuple[str, str], ...]:
        """The attributes of a class, with their annotations."""
        fields = [(column.python, partial(_annotation, column)) for column in columns]
        self.hidden = hiding(fields)
        return tuple((name, write(self.imports)) for name, write in fields)


def _annotation(column: Column, imports: Imports) -> str:
    text = annotation(column.type, imports, "")
    return f"{imports.runtime('Sensitive')}[{text}]" if column.sensitive else text


def _a(word: str) -> str:
    name = snake_case(word).replace("_", " ")
    vowel = name[:1] in "aeiou" and not name.startswith(("user", "uni"))
    return f"{'an' if vowel else 'a'} {name}"
