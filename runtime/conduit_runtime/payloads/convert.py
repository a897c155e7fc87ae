"""Converts loosely typed values (a row, JSON, an application's object) to the types of the sources.

A library such as cattrs would make a text of the int 7 and an int of "7", and reads no attributes.
"""

import dataclasses
import enum
import functools
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from ..model.kinds import WORDS
from ..model.text.names import fields_of
from .sensitive import is_sensitive, noting, without_mark
from .shape import Parts, is_tagged, shape_of

Converter = Callable[[Any, str], Any]
"""Takes a value and its path (for errors), returns a value of the type or raises Unfit."""

MISSING: Any = object()

_A_KEY = "…"
"""Stands for a key of a hash in a path: a key is a value, which may be secret."""


class Unfit(ValueError):
    """A value that does not fit its type; `path` names the field."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem


def as_it_is(value: Any, path: str) -> Any:
    """The default converter for types of which nothing is known: returns the value unchanged."""
    return value


def converter(annotation: Any, unknown: Converter = as_it_is) -> Converter:
    """The converter of a type, which copies containers and structs; `unknown` converts the rest."""
    return _converter(annotation, unknown)


@functools.cache
def _converter(annotation: Any, unknown: Converter) -> Converter:
    if annotation is Any or annotation is object:
        return unknown
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return _struct(annotation, unknown)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        if is_sensitive(annotation):
            return noting(converter(without_mark(annotation), unknown))
        shape = shape_of(annotation)
        return converter(arguments[0], unknown) if shape is None else _shaped(shape.parts, unknown)
    if origin in (typing.Union, types.UnionType):
        return _union(arguments, unknown)
    if origin is typing.Literal:
        return _scalar(str)
    if origin is list:
        return _list(converter(arguments[0], unknown))
    if origin is dict:
        return _dict(arguments[0], converter(arguments[1], unknown))
    if annotation is None or annotation in _EXPECTED:
        return _scalar(annotation or types.NoneType)
    raise TypeError(f"{annotation!r} is not a type that a record or a payload can hold")


def reader(source: Any) -> Callable[[str, str], Any]:
    """A function from a member's Python attribute and its source name to the member's value.

    The source is a mapping or an object. The value is MISSING if the source has no such member.
    """
    if isinstance(source, Mapping):
        get = source.get
        return lambda attribute, name: get(name, MISSING)

    def read(attribute: str, name: str) -> Any:
        value = getattr(source, attribute, MISSING)  # first: every object has `__init__`
        return getattr(source, name, MISSING) if value is MISSING else value

    return read


def parsed(value: Any, path: str) -> Any:
    """The value of a JSON text; any other value unchanged."""
    if not isinstance(value, str | bytes | bytearray | memoryview):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Unfit(path, "is text that is not JSON") from None


def below(path: str, name: str) -> str:
    """The path of a member of the value at `path`."""
    return f"{path}.{name}" if path else name


def kind(value: Any) -> str:
    """The kind of a value, in words for an error; never the value itself, which may be secret."""
    return "nil" if value is None else type(value).__name__


_EXPECTED = {**WORDS, types.NoneType: "nil"}


def _scalar(target: Any) -> Converter:
    def convert(value: Any, path: str) -> Any:
        if type(value) is target or _is(value, target):
            return value
        try:
            return _near(value, target)
        except (ValueError, TypeError, ArithmeticError):
            raise Unfit(path, f"expected {_EXPECTED[target]}, got {kind(value)}") from None

    return convert


def _is(value: Any, target: Any) -> bool:
    """Whether a value is of a type; Python's bools are no ints here, its datetimes no dates."""
    if isinstance(value, enum.Enum):
        return False
    if isinstance(value, bool | datetime):
        return type(value) is target or (target is datetime and isinstance(value, datetime))
    return isinstance(value, target)


def _near(value: Any, target: Any) -> Any:
    """The same value as another type writes it; raises an exception if there is none."""
    if isinstance(value, enum.Enum):
        return value.value if _is(value.value, target) else _near(value.value, target)
    if isinstance(value, Decimal):
        if target is float or (target is int and value == int(value)):
            return target(value)
    elif target is Decimal and type(value) in (str, int, float):
        return Decimal(str(value))
    elif isinstance(value, str | int | float):
        return msgspec.convert(value, target)
    raise TypeError


def _union(members: tuple[Any, ...], unknown: Converter) -> Converter:
    if len(members) == 2 and types.NoneType in members:
        member = next(member for member in members if member is not types.NoneType)
        inner = converter(member, unknown)
        return lambda value, path: None if value is None else inner(value, path)
    candidates = [(member, converter(member, unknown)) for member in members]

    def convert(value: Any, path: str) -> Any:
        if any(type(value) is member for member, _ in candidates):
            return value
        problem: Unfit | None = None
        for _, attempt in candidates:
            try:
                return attempt(value, path)
            except Unfit as unfit:
                problem = problem or unfit
        raise problem or Unfit(path, f"has no type that {kind(value)} fits")

    return convert


def _list(item: Converter) -> Converter:
    def convert(value: Any, path: str) -> list[Any]:
        items = parsed(value, path)
        if not isinstance(items, list | tuple):
            raise Unfit(path, f"expected an array, got {kind(items)}")
        return [item(each, f"{path}[{index}]") for index, each in enumerate(items)]

    return convert


def _dict(key_type: Any, item: Converter) -> Converter:
    as_key = converter(key_type)

    def convert_key(key: Any, path: str) -> Any:
        if key_type is not str and isinstance(key, str):
            try:
                key = msgspec.convert(key, key_type, strict=False)
            except msgspec.ValidationError:
                raise Unfit(path, f"has a key that is not {_EXPECTED[key_type]}") from None
        return as_key(key, path)

    def convert(value: Any, path: str) -> dict[Any, Any]:
        items = parsed(value, path)
        if not isinstance(items, Mapping):
            raise Unfit(path, f"expected a hash, got {kind(items)}")
        return {
            convert_key(key, path): item(each, below(path, _A_KEY)) for key, each in items.items()
        }

    return convert


def _shaped(parts: Parts, unknown: Converter) -> Converter:
    items = {
        step: _shaped(part, unknown)
        if isinstance(part, Mapping)
        else _or_tagged(converter(part | None, unknown), unknown)
        for step, part in parts.items()
    }
    other = items.get(..., unknown)

    def convert(value: Any, path: str) -> Any:
        if is_tagged(value):
            return unknown(value, path)
        if isinstance(value, list):
            return [
                items.get(index, other)(each, f"{path}[{index}]")
                for index, each in enumerate(value)
            ]
        if isinstance(value, Mapping):
            return {
                key: items.get(key, other)(each, below(path, key if key in items else _A_KEY))
                for key, each in value.items()
            }
        return value

    return convert


def _or_tagged(expected: Converter, unknown: Converter) -> Converter:
    """A converter that treats a value with a tag as `unknown`: it is not of the expected type."""
    return lambda value, path: (unknown if is_tagged(value) else expected)(value, path)


def _is_untyped(annotation: Any) -> bool:
    return (without_mark(annotation) if is_sensitive(annotation) else annotation) is Any


def _struct(target: type[Any], unknown: Converter) -> Converter:
    members = [
        (attribute, name, converter(annotation, unknown), _is_untyped(annotation))
        for attribute, name, annotation in fields_of(target)
    ]
    scalars = (list, *_EXPECTED)

    def convert(value: Any, path: str) -> Any:
        source = parsed(value, path)
        if isinstance(source, scalars):
            raise Unfit(path, f"expected an object, got {kind(source)}")
        read = reader(source)
        values: dict[str, Any] = {}
        for attribute, name, convert_member, is_untyped in members:
            found = read(attribute, name)
            where = below(path, name)
            if found is not MISSING:
                values[attribute] = convert_member(found, where)
                continue
            # the struct was written before the field existed: nil, if the field may be nil
            if is_untyped:
                raise Unfit(where, "is missing")
            try:
                values[attribute] = convert_member(None, where)
            except Unfit:
                raise Unfit(where, "is missing") from None
        return target(**values)

    return convert
