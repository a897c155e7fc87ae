"""Values of unknown type in a payload: only what JSON gives back unchanged may stand there."""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec

from .. import payload as payloads
from ..errors import PayloadError
from ..names import source_names
from .convert import Unfit, converter
from .shape import Parts, shape_of

Check = Callable[[Any, str], None]
"""Takes a value and its path; raises PayloadError when a job would not read it as it is."""

_PLAIN = frozenset({str, int, float, bool, types.NoneType})
_TYPED = (Decimal, datetime, date, time, timedelta, UUID, bytes, bytearray)


def exactness(annotation: Any) -> Check | None:
    """What checks the values of a type; None when the type says of every value what it is."""
    if annotation is Any or annotation is object:
        return _unknown
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return _fields(annotation)
    arguments = typing.get_args(annotation)
    shape = shape_of(annotation)
    if shape is not None:
        return _shaped(shape.parts)
    origin = typing.get_origin(annotation)
    if origin is list:
        item = exactness(arguments[0])
        return item and _each(item)
    if origin is dict:
        item = exactness(arguments[1])
        return item and _each(item)
    if origin in (typing.Union, types.UnionType):
        return next((check for each in arguments if (check := exactness(each))), None)
    return None


def _fields(target: type[Any]) -> Check | None:
    hints = typing.get_type_hints(target, include_extras=True)
    names = source_names(target)
    checks = [
        (field.name, names.get(field.name, field.name), check)
        for field in dataclasses.fields(target)
        if (check := exactness(hints[field.name]))
    ]

    def check_fields(value: Any, path: str) -> None:
        if value is not None:
            for attribute, name, check in checks:
                check(getattr(value, attribute), f"{path}.{name}")

    return check_fields if checks else None


def _each(check: Check) -> Check:
    def check_each(value: Any, path: str) -> None:
        for step, item in _items(value):
            check(item, f"{path}{_step(step)}")

    return check_each


def _shaped(parts: Parts) -> Check:
    checks = {
        step: _shaped(part) if isinstance(part, Mapping) else _returns(part)
        for step, part in parts.items()
    }

    other = checks.get(..., _unknown)

    def check_parts(value: Any, path: str) -> None:
        if type(value) not in (dict, list):
            return _unknown(value, path)
        for step, item in _items(value):
            checks.get(step, other)(item, f"{path}{_step(step)}")
        return None

    return check_parts


def _returns(part: Any) -> Check:
    """Whether a value comes back equal when it is read as its part of a shape says."""
    read = converter(part)
    inner = exactness(part)

    def check_part(value: Any, path: str) -> None:
        if value is None:
            return
        if inner is not None:
            inner(value, path)
        try:
            same = read(msgspec.json.decode(payloads.encode(value)), path) == value
        except Unfit:
            same = False
        if not same:
            wanted = part.__name__ if isinstance(part, type) else part
            raise PayloadError(
                f"{path} is {_kind(value)} where a {wanted} was expected, which a job "
                "would not read as it is: do not change the value after it was made"
            )

    return check_part


def _unknown(value: Any, path: str) -> None:
    if type(value) in _PLAIN:
        return
    if isinstance(value, Mapping | list | tuple):
        for step, item in _items(value):
            if type(item) not in _PLAIN:
                _unknown(item, f"{path}{_step(step)}")
    elif (becomes := _becomes(value)) is not None:
        raise PayloadError(
            f"{path} is {_kind(value)} in a value of unknown type, which would come back as "
            f"{becomes}: capture it in a variable that has its type, such as "
            "`let total: decimal = …`, or write it as text yourself"
        )


def _becomes(value: Any) -> str | None:
    """What JSON would make of a value; None of one that it holds or refuses."""
    if isinstance(value, Enum):
        return "its plain value"
    if isinstance(value, _TYPED):
        return "text"
    if dataclasses.is_dataclass(value) or isinstance(value, msgspec.Struct):
        return "a hash"
    return None


def _kind(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOaeio' else 'a'} {name}"


def _items(value: Any) -> Any:
    return value.items() if isinstance(value, Mapping) else enumerate(value or ())


def _step(step: str | int) -> str:
    return f"[{step}]" if isinstance(step, int) else f".{step}"
