"""Writes values of unknown type in a payload so that a job reads them back unchanged."""

import dataclasses
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any

import msgspec

from ..model import payload as payloads
from ..model.errors import PayloadError
from ..model.text.names import fields_of
from .convert import Unfit, converter
from .sensitive import is_sensitive, without_mark
from .shape import TYPES, VALUE, Parts, is_tagged, shape_of, tag_of

Writer = Callable[[Any, str], Any]
"""Takes a value and its path, returns the value's form in a payload.

The form is the value itself if JSON shows its type. Raises PayloadError for a value that a job
could not read back unchanged.
"""

_PLAIN = frozenset({str, int, float, bool, types.NoneType})


def writer(annotation: Any) -> Writer | None:
    """The writer for a type; None if the type itself tells the type of every value."""
    if annotation is Any or annotation is object:
        return write
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return _fields(annotation)
    if is_sensitive(annotation):
        return writer(without_mark(annotation))
    arguments = typing.get_args(annotation)
    shape = shape_of(annotation)
    if shape is not None:
        return _shaped(shape.parts)
    origin = typing.get_origin(annotation)
    if origin in (list, dict):
        item = writer(arguments[-1])
        return item and _each(item)
    if origin in (typing.Union, types.UnionType):
        return next((found for each in arguments if (found := writer(each))), None)
    return None


def write(value: Any, path: str) -> Any:
    """Write a value of unknown type, with a tag if JSON does not show its type."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Mapping | list | tuple):
        written = _items(value, path, lambda step, item, where: write(item, where))
        return {VALUE: written} if is_tagged(value) else written
    if isinstance(value, Enum | msgspec.Struct) or dataclasses.is_dataclass(value):
        raise _refused(value, path)
    tag = tag_of(value)
    return value if tag is None else {tag: value}


def read(value: Any, path: str) -> Any:
    """Read a value that `write` has written."""
    if not isinstance(value, Mapping | list):
        return value
    if isinstance(value, Mapping) and is_tagged(value):
        ((tag, inner),) = value.items()
        if tag in TYPES:
            return converter(TYPES[tag])(inner, path)
        value = inner
    return _items(value, path, lambda step, item, where: read(item, where))


def _fields(target: type[Any]) -> Writer | None:
    members = [
        (attribute, name, writer(annotation)) for attribute, name, annotation in fields_of(target)
    ]
    if not any(write_member for _, _, write_member in members):
        return None

    def write_fields(value: Any, path: str) -> Any:
        if not isinstance(value, target):
            return value
        changed = False
        written = {}
        for attribute, name, write_member in members:
            own = written[name] = getattr(value, attribute)
            if write_member is not None:
                written[name] = write_member(own, f"{path}.{name}")
                changed |= written[name] is not own
        return written if changed else value

    return write_fields


def _each(write_item: Writer) -> Writer:
    return lambda value, path: _items(value, path, lambda _, item, where: write_item(item, where))


def _shaped(parts: Parts) -> Writer:
    writers = {
        step: _shaped(part) if isinstance(part, Mapping) else _as_expected(part)
        for step, part in parts.items()
    }
    other = writers.get(..., write)

    def write_parts(value: Any, path: str) -> Any:
        if type(value) not in (dict, list) or is_tagged(value):
            return _explicit(value, path)
        return _items(value, path, lambda step, item, where: writers.get(step, other)(item, where))

    return write_parts


def _as_expected(part: Any) -> Writer:
    """A writer for a part of a shape; it tags values that are not of the part's type."""
    expected, inner = converter(part, read), writer(part)

    def write_part(value: Any, path: str) -> Any:
        if value is None:
            return value
        written = value if inner is None else inner(value, path)
        text = msgspec.json.decode(payloads.encode(written))
        try:
            same = expected(text, path) == value and not is_tagged(text)
        except Unfit:
            same = False
        return written if same else _explicit(value, path)

    return write_part


def _explicit(value: Any, path: str) -> Any:
    """Write, with a tag, a value that its expected type would change or does not describe."""
    written = write(value, path)
    return written if value is None or is_tagged(written) else {VALUE: written}


def _items(value: Any, path: str, each: Callable[[Any, Any, str], Any]) -> Any:
    """The hash or array with its items made anew; the value itself if no item changes."""
    if isinstance(value, Mapping):
        hash_ = {key: each(key, item, f"{path}.{key}") for key, item in value.items()}
        return value if _are_same(hash_.values(), value.values()) else hash_
    if isinstance(value, list | tuple):
        array = [each(at, item, f"{path}[{at}]") for at, item in enumerate(value)]
        return value if _are_same(array, value) else array
    return value


def _are_same(made: Iterable[Any], given: Iterable[Any]) -> bool:
    return all(one is other for one, other in zip(made, given, strict=True))


def _refused(value: Any, path: str) -> PayloadError:
    name = type(value).__name__
    becomes = "its plain value" if isinstance(value, Enum) else "a hash"
    return PayloadError(
        f"{path} is {'an' if name[0] in 'AEIOaeio' else 'a'} {name} in a value of unknown type, "
        f"which would come back as {becomes}: capture it in a variable of that type, or capture "
        "only the parts that the job needs"
    )
