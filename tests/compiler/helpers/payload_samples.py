"""Random values of the payloads of generated job types."""

import dataclasses
import random
import types
import typing
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from conduit_runtime.payloads.sensitive import is_sensitive, without_mark
from conduit_runtime.payloads.shape import shape_of

NOON = datetime(2026, 1, 2, 12, 30, tzinfo=UTC)
TEXTS = ["", "word", "5", "1.5", "true", "2026-01-02", "PT5S", "[]", '{"a": 1}']
VALUES: dict[Any, list[Any]] = {
    str: TEXTS,
    int: [0, -7, 2**53 + 1, -(2**63)],
    float: [0.0, 1.5, -2.0, 1e300, 5e-324],
    bool: [True, False],
    Decimal: [Decimal("1.50"), Decimal("1E+30"), Decimal(7)],
    datetime: [NOON, NOON.replace(microsecond=5)],
    date: [date(2026, 1, 2)],
    time: [time(12, 30), time(1, 2, 3, 4)],
    timedelta: [timedelta(0), timedelta(days=-1), timedelta(microseconds=1)],
    UUID: [UUID(int=0), UUID(int=2**127 + 5)],
    Any: [None, 1, 1.5, "word", True, Decimal("1.5"), NOON, [], {}, [1], {"a": "b"}],
    type(None): [None],
    None: [None],
}


def sample(kind: Any, draw: random.Random) -> Any:
    """A random value of an annotation that a payload keeps unchanged."""
    if kind in VALUES:
        return draw.choice(VALUES[kind])
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind, include_extras=True)
        names = [each.name for each in dataclasses.fields(kind)]
        return kind(**{name: sample(hints[name], draw) for name in names})
    arguments, origin = typing.get_args(kind), typing.get_origin(kind)
    if origin is typing.Annotated:
        if is_sensitive(kind):
            return sample(without_mark(kind), draw)
        shape = shape_of(kind)
        return sample(arguments[0], draw) if shape is None else shaped(shape.parts, draw)
    if origin is typing.Literal:
        return draw.choice(arguments)
    if origin in (typing.Union, types.UnionType):
        return sample(draw.choice(arguments), draw)
    if origin is list:
        return [sample(arguments[0], draw) for _ in range(draw.randrange(3))]
    keys = draw.sample(["a", "p", "q", "r", "word"], draw.randrange(4))
    return {key: sample(arguments[1], draw) for key in keys}


def shaped(parts: Any, draw: random.Random) -> Any:
    """A random hash of mixed values; arrays are left out."""
    found = {"name": "word"}
    for key, part in parts.items():
        if isinstance(key, str):
            found[key] = shaped(part, draw) if isinstance(part, dict) else sample(part, draw)
    return found
