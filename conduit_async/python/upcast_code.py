"""Writes the body of an upcaster, which makes a new payload from an older one."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain, count

from ..lock.model import Fields
from ..lock.upcast import Constant, Conversion, Converted, Items, Loaded, Object, Upcast, Value
from ..names import local_name, record_name, snake_case, snapshot_name, unclashed
from ..program import JobInfo, Program
from ..types import Array, Hash, Record, Struct, Type, is_nullable, required
from . import literals
from .imports import Imports
from .older_classes import attributes

_RESERVED = re.compile(r"(old|job|each|key)(_\d+)?")
"""The names of variables that do not hold rows."""


@dataclass(frozen=True)
class UpcastCode:
    """An upcaster: its parameters `old` and `job` (None if it loads nothing) and its statements.

    `variables` are all the names that it binds.
    """

    old: str
    job: str | None
    statements: tuple[str, ...]
    variables: frozenset[str]


def upcast_code(
    program: Program,
    job: JobInfo,
    fields: Fields,
    upcast: Upcast,
    imports: Imports,
    taken: Collection[str],
) -> UpcastCode:
    """Write the code of an upcaster; its variables avoid the names in `taken`."""
    return _Writer(program, imports, taken).code(job, fields, upcast)


@dataclass(frozen=True)
class _Place:
    """A value of an older payload: its text in Python, and the fields of its class.

    `is_certain`: every payload has it exactly once.
    """

    text: str
    fields: Fields
    is_certain: bool = True

    def attribute(self, name: str) -> str:
        return f"{self.text}.{attributes(self.fields)[name]}"


@dataclass
class _Writer:
    program: Program
    imports: Imports
    taken: Collection[str]
    statements: list[str] = field(default_factory=list)
    rows: dict[tuple[str, str], str] = field(default_factory=dict)
    variables: set[str] = field(default_factory=set)
    loads: bool = False

    def code(self, job: JobInfo, fields: Fields, upcast: Upcast) -> UpcastCode:
        place = _Place(self.variable("old"), fields)
        given = [
            f"{capture.python}={self.value(upcast.values[capture.name], capture.type, place, 0)}"
            for capture in job.captures
        ]
        made = f"return {job.payload}({', '.join(given)})"
        handle = self.variable("job") if self.loads else None
        statements = (*self.statements, made)
        return UpcastCode(place.text, handle, statements, frozenset(self.variables))

    def variable(self, name: str) -> str:
        found = unclashed(name, self.taken)
        self.variables.add(found)
        return found

    def value(self, value: Value, kind: Type, place: _Place, depth: int) -> str:
        """Write the value of a field of the new payload."""
        match value:
            case Constant(constant):
                return self.literal(constant)
            case Loaded():
                return self.loaded(value, kind, place)
            case Converted(name, conversion):
                text = place.attribute(name)
                return self.converted(conversion, text, kind, place.is_certain, depth)

    def loaded(self, value: Loaded, kind: Type, place: _Place) -> str:
        """Write a value of a row; a row whose key is certain to exist is loaded once."""
        self.loads = True
        load, key = value.load, place.attribute(value.key)
        record = self.imports.use(".records", record_name(load.resource))
        row = f"await {self.variable('job')}.get({record}, {key})"
        if not place.is_certain:
            row = f"({row})"
        elif (load.resource, key) not in self.rows:
            name = self.row(load.resource)
            self.rows[load.resource, key] = name
            self.statements.append(f"{name} = {row}")
        row = self.rows.get((load.resource, key), row)
        if not load.path:
            return f"{self.imports.use('.records', snapshot_name(load.resource))}.of({row})"
        guards: list[str] = []
        columns = [*self.program.columns(self.program.resources[load.resource], load.path)]
        for column in columns:
            row = f"{row}.{column.python}"
            if is_nullable(column.type) and column is not columns[-1]:
                guards.append(f"{row} is not None")
        return f"{row} if {' and '.join(guards)} else None" if guards else row

    def row(self, resource: str) -> str:
        """Return a new variable for a row."""
        plain = local_name(snake_case(resource))
        plain = f"{plain}_row" if _RESERVED.fullmatch(plain) else plain
        names = chain([plain], (f"{plain}_{number}" for number in count(2)))
        known = self.rows.values()
        return next(name for name in map(self.variable, names) if name not in known)

    def converted(
        self, conversion: Conversion, text: str, kind: Type, is_certain: bool, depth: int
    ) -> str:
        """Write a value of the older payload, converted to the new type."""
        may_be_nil = conversion.old.nullable and (
            conversion.step != "same" or conversion.default is not None
        )
        made = self.step(
            conversion, text, required(kind), is_certain and not conversion.old.nullable, depth
        )
        if not may_be_nil:
            return made
        default = (
            self.literal(conversion.default.value) if conversion.default is not None else "None"
        )
        return f"{made} if {text} is not None else {default}"

    def step(
        self, conversion: Conversion, text: str, kind: Type, is_certain: bool, depth: int
    ) -> str:
        """Convert a non-nil value."""
        match conversion.step:
            case "same":
                return text
            case "float" | "str" as name:
                return f"{self.builtin(name)}({text})"
            case "text":
                return f"{self.imports.operator('text')}({text})"
            case "decimal":
                decimal = self.imports.use("decimal", "Decimal")
                inner = f"{self.builtin('str')}({text})" if conversion.old.name == "float" else text
                return f"{decimal}({inner})"
            case Items(item):
                return self.items(conversion, item, text, kind, depth)
            case Object(values):
                place = _Place(text, conversion.old.fields, is_certain)
                fields = self.program.members(kind)
                given = (
                    f"{fields[name].python}={self.value(each, fields[name].type, place, depth)}"
                    for name, each in values.items()
                )
                return f"{self.class_of(kind)}({', '.join(given)})"

    def items(
        self, conversion: Conversion, item: Conversion, text: str, kind: Type, depth: int
    ) -> str:
        """Convert each item of an array or a hash."""
        is_hash = conversion.old.kind == "hash"
        if item.step == "same" and item.default is None:
            return f"{self.builtin('dict' if is_hash else 'list')}({text})"
        number = f"_{depth + 1}" if depth else ""
        name = self.variable(f"each{number}")
        match kind:
            case Array(of) | Hash(value=of):
                made = self.converted(item, name, of, False, depth + 1)
            case _:
                raise LookupError(f"{kind} has no items")
        if is_hash:
            key = self.variable(f"key{number}")
            return f"{{{key}: {made} for {key}, {name} in {text}.items()}}"
        return f"[{made} for {name} in {text}]"

    def class_of(self, kind: Type) -> str:
        match kind:
            case Record(name):
                return self.imports.use(".records", snapshot_name(name))
            case Struct(name):
                return self.imports.use(".records", name)
        raise LookupError(f"no class of {kind}")

    def literal(self, value: object) -> str:
        match value:
            case str():
                return literals.string(value)
            case bool() | None:
                return str(value)
            case int() | float():
                return f"-{literals.number(-value)}" if value < 0 else literals.number(value)
            case Decimal():
                return f"{self.imports.use('decimal', 'Decimal')}({literals.quoted(str(value))})"
            case list():
                return f"[{', '.join(map(self.literal, value))}]"
            case dict():
                items = (f"{literals.quoted(k)}: {self.literal(v)}" for k, v in value.items())
                return f"{{{', '.join(items)}}}"
        raise TypeError(f"no literal of {value!r}")

    def builtin(self, name: str) -> str:
        return self.imports.use("builtins", name)
