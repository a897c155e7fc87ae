"""The classes of an older payload: its own, and those of changed structs and snapshots in it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ..lock.model import Fields, FieldType
from ..lock.upcast import NewField, NewFields
from ..lock.upcasting import sources_of
from ..names import python_name, snapshot_name
from ..program import JobInfo, OlderPayload, Program
from ..types import Array, Hash, Type, required
from . import literals
from .annotations import payload_type, scalar, stored
from .imports import Imports

_PLAIN = ("string", "int", "float", "bool")


@dataclass(frozen=True)
class OlderClass:
    """A class; `fields` are names and annotations, `renamed` the JSON names that differ."""

    name: str
    fields: tuple[tuple[str, str], ...]
    renamed: Mapping[str, str]


def attributes(fields: Fields) -> dict[str, str]:
    """Return the attribute of each field in a class with these fields, by its name in JSON."""
    found: dict[str, str] = {}
    for name in sorted(fields):
        plain = re.sub(r"\W", "_", name, flags=re.ASCII)
        plain = plain if not plain[:1].isdigit() else f"_{plain}"
        found[name] = python_name(plain, found.values())
    return found


def class_names(payload: str, fingerprint: str, fields: Fields) -> Iterator[tuple[str, str]]:
    """Yield the classes that an older payload may need: the path of the object, and a name."""
    yield "", f"{payload}_{fingerprint}"
    for path, kind in _objects(fields, ""):
        own = kind.name if kind.kind == "struct" else snapshot_name(kind.name)
        plain = re.sub(r"\W", "_", own)
        yield path, f"{'C' if plain[:1].isdigit() else ''}{plain}_{fingerprint}"


def _objects(fields: Fields, path: str) -> Iterator[tuple[str, FieldType]]:
    for name in sorted(fields):
        kind, inner = fields[name], f"{path}.{name}"
        while kind.item is not None:
            kind = kind.item
        if kind.kind in ("struct", "record"):
            yield inner, kind
            yield from _objects(kind.fields, inner)


def older_classes(
    program: Program, job: JobInfo, older: OlderPayload, imports: Imports
) -> list[OlderClass]:
    """Return the classes of an older payload, inner ones first."""
    return _Classes(program, older, imports).all(job)


class _Classes:
    def __init__(self, program: Program, older: OlderPayload, imports: Imports) -> None:
        self.program = program
        self.older = older
        self.imports = imports
        self.found: list[OlderClass] = []
        self.any: set[str] = set()

    def all(self, job: JobInfo) -> list[OlderClass]:
        types = {capture.name: capture.type for capture in job.captures}
        whole = {capture.name: payload_type(capture, self.imports) for capture in job.captures}
        self._add("", self.older.fields, job.new_fields, types, whole)
        return self.found

    def _add(
        self,
        path: str,
        fields: Fields,
        new: NewFields,
        types: Mapping[str, Type],
        whole: Mapping[str, str],
    ) -> str:
        """Return the name of an object's class; add the class unless an equal one exists.

        `whole` are the annotations of the new payload's own fields.
        """
        counterparts: dict[str, str] = {}
        for name, source in sources_of(fields, new).items():
            if source is not None:
                counterparts.setdefault(source, name)
        named = attributes(fields)
        members: list[tuple[str, str]] = []
        for name, attribute in named.items():
            kind, new_name = fields[name], counterparts.get(name, "")
            if new_name in whole and new[new_name].type.shape and kind.is_like(new[new_name].type):
                text = whole[new_name]
            else:
                text = self._annotation(
                    kind, new.get(new_name), types.get(new_name), f"{path}.{name}"
                )
                if kind.sensitive or (new_name in new and new[new_name].type.sensitive):
                    text = f"{self.imports.runtime('Sensitive')}[{text}]"
            members.append((attribute, text))
        renamed = {attribute: name for name, attribute in named.items() if attribute != name}
        made = OlderClass(self.older.classes[path], tuple(members), renamed)
        for known in self.found:
            is_like = replace(made, name=known.name) == known
            if is_like and made.name.rstrip("_") == known.name.rstrip("_"):
                return known.name
        self.found.append(made)
        return made.name

    def _annotation(
        self, old: FieldType, new: NewField | None, kind: Type | None, path: str
    ) -> str:
        text = self._required(old, new, kind, path)
        return f"{text} | None" if old.nullable and text not in self.any else text

    def _required(self, old: FieldType, new: NewField | None, kind: Type | None, path: str) -> str:
        """Return the annotation of a non-nil value; the new payload's if the type is the same."""
        if old.is_untyped:
            return self._any()
        if new is not None and new.type.is_untyped:
            is_plain = old.name in _PLAIN or new.type.name == "any"
            return (
                scalar(old.name, self.imports) if old.kind == "scalar" and is_plain else self._any()
            )
        is_nullable = new is not None and new.type.nullable
        if new and kind is not None and replace(old, nullable=is_nullable).is_like(new.type):
            return stored(required(kind), self.imports)
        match old.kind:
            case "scalar":
                return scalar(old.name, self.imports)
            case "enum" if old.values:
                values = ", ".join(literals.quoted(value) for value in old.values)
                return f"{self.imports.use('typing', 'Literal')}[{values}]"
            case "array" | "hash" if old.item is not None:
                item = self._annotation(old.item, *_item(old, new, kind), path)
                if old.kind == "array":
                    return f"{self._builtin('list')}[{item}]"
                key = self._builtin("str")
                if kind is not None and isinstance(hash_ := required(kind), Hash):
                    key = stored(hash_.key, self.imports)
                return f"{self._builtin('dict')}[{key}, {item}]"
            case "struct" | "record":
                inner = new.fields if new is not None else {}
                members = self.program.members(kind) if kind is not None else {}
                types = {name: each.type for name, each in members.items()}
                return self._add(path, old.fields, inner, types, {})
        return self._builtin("str") if old.kind == "enum" else self._any()

    def _any(self) -> str:
        self.any.add(name := self.imports.use("typing", "Any"))
        return name

    def _builtin(self, name: str) -> str:
        return self.imports.use("builtins", name)


def _item(
    old: FieldType, new: NewField | None, kind: Type | None
) -> tuple[NewField | None, Type | None]:
    """Return the field and the type of an array's or a hash's items in the new payload."""
    if new is None or new.type.item is None or new.type.kind != old.kind:
        return None, None
    inner = required(kind) if kind is not None else None
    item = (
        inner.item if isinstance(inner, Array) else inner.value if isinstance(inner, Hash) else None
    )
    return NewField(new.type.item, fields=new.fields), item
