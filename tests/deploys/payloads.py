"""Payloads of any generated class: one with nil wherever allowed, one without nil."""

import dataclasses
import types
import typing
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

_PLAIN: dict[Any, Any] = {
    str: "text",
    int: 3,
    float: 2.5,
    bool: True,
    Decimal: Decimal("2.75"),
    datetime: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    date: date(2026, 1, 2),
    time: time(3, 4),
    timedelta: timedelta(seconds=90),
    UUID: UUID(int=7),
    Any: {"a": 1},
    object: {"a": 1},
}


def payload(kind: Any, *, nil: bool) -> Any:
    """A value of an annotation."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return payload(arguments[0], nil=nil)
    if origin in (typing.Union, types.UnionType):
        others = [each for each in arguments if each is not type(None)]
        is_optional = len(others) < len(arguments)
        return None if nil and is_optional else payload(others[0], nil=nil)
    if origin is typing.Literal:
        return arguments[-1] if nil else arguments[0]
    if origin is list:
        return [payload(arguments[0], nil=nil)]
    if origin is dict:
        return {"key": payload(arguments[1], nil=nil)}
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind, include_extras=True)
        fields = [each.name for each in dataclasses.fields(kind) if each.init]
        return typing.cast("Any", kind)(**{name: payload(hints[name], nil=nil) for name in fields})
    raise TypeError(f"no value for {kind!r}")
