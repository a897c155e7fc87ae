"""The rows of a package: enums, structs, records and snapshots, in the order of the sources."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from ...names import record_name, snake_case, snapshot_name
from ...program import Column, Program, ResourceInfo
from ...types import Array, Enum, Hash, Optional, Struct, Type
from ..python import literals
from ..python.annotations import annotation, hiding
from ..python.imports import Imports


@dataclass(frozen=True)
class Row:
    """One class or alias of `records.py`; an alias has its text in `value`."""

    kind: Literal["enum", "struct", "record", "snapshot"]
    name: str
    decorators: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    doc: str | None = None
    value: str = ""
    of: str = ""


def rows(program: Program, wanted: set[str]) -> tuple[list[Row], Imports]:
    """What a package needs of its rows; `wanted` are the names that its modules import."""
    found = _rows(program, wanted, Imports())
    hidden = {name for row in found for name in hiding(row.fields)}
    names = {row.name for row in found}
    imports = Imports(hidden | names)
    return _rows(program, wanted, imports), imports


def _rows(program: Program, wanted: set[str], imports: Imports) -> list[Row]:
    finder = _Finder(program, wanted, imports)
    found = [row for resource in program.resources.values() for row in finder.of(resource)]
    enums = [row for name in sorted(wanted - finder.done) for row in finder.loose_enum(name)]
    structs = [row for name in program.structs for row in finder.loose_struct(name)]
    return [*enums, *found, *structs]


class _Finder:
    def __init__(self, program: Program, wanted: set[str], imports: Imports) -> None:
        self.program = program
        self.wanted = wanted
        self.imports = imports
        self.done: set[str] = set()
        self.resource = ""
        self.owners = dict(_owners(program)) if wanted & program.structs.keys() else {}

    def of(self, resource: ResourceInfo) -> Iterator[Row]:
        """What stands in `records.py` for a resource."""
        self.resource = resource.name
        snapshot = snapshot_name(resource.name)
        name = record_name(resource.name)
        whole = bool({name, snapshot} & self.wanted)
        for column in resource.columns.values():
            yield from self.parts(column.type, whole)
        if not whole:
            return
        self.done |= {name, snapshot}
        yield self.record(resource)
        if snapshot in self.wanted:
            yield self.snapshot(resource)

    def loose_enum(self, name: str) -> Iterator[Row]:
        """An enum that is no column's: of a parameter, say."""
        for kind in self.program.facts.types.values():
            if isinstance(kind, Enum) and kind.name == name and name not in self.done:
                yield from self.parts(kind, True)

    def loose_struct(self, name: str) -> Iterator[Row]:
        """A struct that is no column's: of a result, a parameter or a variable."""
        if name in self.wanted:
            self.resource = self.owners[name]
            yield from self.parts(self.program.structs[name].type, False)

    def parts(self, kind: Type, whole: bool) -> Iterator[Row]:
        """The enums and structs of a column's type, inner ones first."""
        match kind:
            case Optional(item) | Array(item):
                yield from self.parts(item, whole)
            case Hash(key, value):
                yield from self.parts(key, whole)
                yield from self.parts(value, whole)
            case Enum(name) if (whole or name in self.wanted) and name not in self.done:
                self.done.add(name)
                literal = self.imports.use("typing", "Literal")
                values = ", ".join(literals.quoted(value) for value in kind.values)
                yield Row("enum", name, value=f"{literal}[{values}]")
            case Struct(name) if name not in self.done:
                info = self.program.structs[name]
                needed = whole or name in self.wanted
                if needed:
                    self.done.add(name)
                for column in info.fields.values():
                    yield from self.parts(column.type, needed)
                if needed:
                    doc = f"`{info.owner}` of {_a(self.resource)}."
                    decorators = (*self.named(info.fields.values()), self.dataclass("slots=True"))
                    yield Row("struct", name, decorators, self.fields(info.fields.values()), doc)

    def record(self, resource: ResourceInfo) -> Row:
        """The class of a resource's rows."""
        columns = list(resource.columns.values())
        table = f"{self.imports.runtime('table')}({literals.quoted(resource.table)}"
        table += f", key={literals.quoted(resource.primary_key or 'id')}"
        updated = [literals.quoted(column.name) for column in columns if column.auto_update]
        if updated:
            comma = "," if len(updated) == 1 else ""
            table += f", auto_update=({', '.join(updated)}{comma})"
        decorators = (*self.named(columns), f"{table})", self.dataclass("slots=True"))
        fields = self.fields(columns)
        return Row("record", record_name(resource.name), decorators, fields, resource.doc)

    def snapshot(self, resource: ResourceInfo) -> Row:
        """The class of a row as a job keeps it."""
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
        """The decorator that tells the source's names, where they differ."""
        renamed = [
            f"{column.python}={literals.quoted(column.name)}"
            for column in columns
            if column.python != column.name
        ]
        return (f"{self.imports.runtime('named')}({', '.join(renamed)})",) if renamed else ()

    def fields(self, columns: Iterable[Column]) -> tuple[tuple[str, str], ...]:
        """The attributes of a class, with their annotations."""
        return tuple((column.python, self.annotation(column)) for column in columns)

    def annotation(self, column: Column) -> str:
        """The type of a column's values."""
        text = annotation(column.type, self.imports, "")
        return f"{self.imports.runtime('Sensitive')}[{text}]" if column.sensitive else text


def _owners(program: Program) -> Iterator[tuple[str, str]]:
    """The names of structs, each with the resource in which it is written."""
    for node, name in program.class_names.items():
        for resource in program.resources.values():
            outer, inner = resource.node.span, node.span
            if outer.source is inner.source and outer.start <= inner.start < outer.end:
                yield name, resource.name


def _a(word: str) -> str:
    name = snake_case(word).replace("_", " ")
    vowel = name[:1] in "aeiou" and not name.startswith(("user", "uni"))
    return f"{'an' if vowel else 'a'} {name}"
