"""A payload as a table: a row for each field, with its type in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from conduit_runtime.model.text.masking import MASK
from conduit_runtime.model.type_description import FieldShape

LONGEST = 2_000
"""The most characters of a value that a row shows."""
MOST = 500
"""The most rows of a table."""
_CONTAINERS = ("struct", "record")

Fields = Mapping[str, FieldShape]


@dataclass(frozen=True, slots=True)
class Row:
    """A field: its path in the payload, its type in words, and its value as text.

    `state` is empty, `hidden`, `missing`, or `unknown` if no shape has the field. `more` is the
    number of characters that are left out.
    """

    path: str
    kind: str
    value: str
    state: str = ""
    more: int = 0


def rows_of(payload: Any, fields: Fields | None) -> Sequence[Row]:
    """The rows of a masked payload; `fields` is its shape, or None if it may have any shape."""
    if not isinstance(payload, Mapping):
        return [_row("payload", "", payload)]
    rows = _rows("", payload, fields)
    return [row for _, row in zip(range(MOST), rows, strict=False)]


def kind_in_words(shape: FieldShape) -> str:
    """A type in words, as in `string?`, `array of int`, `enum: draft, published`, `User`."""
    words = shape.kind
    if shape.kind == "enum":
        words = f"enum: {', '.join(shape.values)}"
    elif shape.kind in _CONTAINERS:
        words = shape.name or shape.kind
    elif shape.item is not None:
        words = f"{shape.kind} of {kind_in_words(shape.item)}"
    return f"{words}, or nil" if shape.nullable else words


def _rows(before: str, values: Mapping[str, Any], fields: Fields | None) -> Iterator[Row]:
    for name, shape in (fields or {}).items():
        path = f"{before}{name}"
        if name not in values:
            yield Row(path, kind_in_words(shape), "", "missing")
        elif shape.kind in _CONTAINERS and isinstance(values[name], Mapping):
            yield from _rows(f"{path}.", values[name], shape.fields)
        else:
            yield _row(path, kind_in_words(shape), values[name])
    for name, value in values.items():
        if fields is None or name not in fields:
            yield _row(f"{before}{name}", "", value, "" if fields is None else "unknown")


def _row(path: str, kind: str, value: Any, state: str = "") -> Row:
    text = in_text(value)
    more = max(len(text) - LONGEST, 0)
    state = "hidden" if value == MASK else state
    return Row(path[:LONGEST], kind, text[:LONGEST], state, more)


def in_text(value: Any) -> str:
    """A text as it is, any other value as JSON (on one line if it is small)."""
    if isinstance(value, str):
        return value
    if value is None:
        return "nil"
    text = msgspec.json.encode(value)
    if len(text) > 60 and isinstance(value, Mapping | list):
        text = msgspec.json.format(text, indent=2)
    return text.decode()
