"""The form that searches in payloads: a field for each field of the type's payload."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conduit_runtime.model.errors import PayloadError
from conduit_runtime.model.kinds import KINDS
from conduit_runtime.model.payload import encode
from conduit_runtime.model.type_description import FieldShape, KnownShape
from conduit_runtime.payloads.masking import PayloadMask

from ..errors import BadRequest

PREFIX = "p."
"""The prefix of a field's path in the name of a parameter, as in `p.order.id`."""
_MOST = 40
"""The most fields of a form."""
_LARGEST = 10_000
"""The most characters of a value."""


@dataclass(frozen=True, slots=True)
class PayloadField:
    """A field of the form: its path in the payload, its kind, and the value to search for.

    `values` are the values of an enum or a bool.
    """

    name: str
    kind: str
    nullable: bool
    values: Sequence[str]
    value: str


_TRUTH = ("true", "false")
_READERS: Mapping[str, tuple[Callable[[str], Any], str]] = {
    **{kind.name: (kind.parse, kind.typed) for kind in KINDS.values()},
    "enum": (str, "one of its values"),
}


def fields_of(
    shapes: Sequence[KnownShape], mask: PayloadMask, given: Mapping[str, str]
) -> list[PayloadField]:
    """The searchable fields of all known shapes of a type, with the given values."""
    found: dict[str, PayloadField] = {}
    for shape in shapes:
        for path, each in _leaves(shape.fields):
            name = ".".join(path)
            if each.kind in _READERS and not mask.refuses_search(path):
                value = given.get(PREFIX + name, "")
                values = each.values or (_TRUTH if each.kind == "bool" else ())
                found.setdefault(name, PayloadField(name, each.kind, each.nullable, values, value))
    return [*found.values()][:_MOST]


def _leaves(
    fields: Mapping[str, FieldShape], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], FieldShape]]:
    for name, shape in fields.items():
        if shape.fields:
            yield from _leaves(shape.fields, (*path, name))
        else:
            yield (*path, name), shape


def read_payload(
    given: Mapping[str, str], fields: Sequence[PayloadField]
) -> Mapping[str, Any] | None:
    """The values that the payload must contain; None if it may contain anything.

    The parameter `payload` is these values as JSON; `p.NAME` is the value of a field of the form.
    Raises BadRequest.
    """
    payload = _read_json(given["payload"]) if "payload" in given else {}
    kinds = {field.name: field for field in fields}
    for parameter, text in given.items():
        if not parameter.startswith(PREFIX):
            continue
        name = parameter.removeprefix(PREFIX)
        if name not in kinds:
            raise BadRequest(
                f"The payload cannot be searched by {name[:100]}: the field is sensitive, or no "
                "worker has described it for this type."
            )
        *outer, last = name.split(".")
        inner = payload
        for step in outer:
            inner = inner.setdefault(step, {})
            if not isinstance(inner, dict):
                raise BadRequest(f"{name} and the JSON of the payload contradict each other.")
        inner[last] = _read(kinds[name], text)
    is_given = "payload" in given or any(name.startswith(PREFIX) for name in given)
    return payload if is_given else None


def _read(field: PayloadField, text: str) -> Any:
    if field.nullable and text == "nil" and field.kind != "string":
        return None
    convert, wanted = _READERS[field.kind]
    try:
        if len(text) > _LARGEST:
            raise ValueError
        return convert(text)
    except (ValueError, KeyError, ArithmeticError):
        raise BadRequest(f"{field.name} is {text[:40]!r}: use {wanted}.") from None


def _read_json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text) if len(text) <= _LARGEST else None
        encode(found)
    except (ValueError, RecursionError, PayloadError):
        found = None
    if not isinstance(found, dict):
        raise BadRequest(
            'payload is no JSON object of at most 10,000 characters: use one such as {"id": 7}.'
        )
    return found
