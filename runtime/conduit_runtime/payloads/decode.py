"""Decodes a payload's JSON to the payload class of a job."""

import dataclasses
import typing
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from ..model.errors import PayloadMismatch
from ..model.text.names import fields_of
from .convert import Unfit, converter
from .exact import read, writer
from .sensitive import is_sensitive
from .shape import shape_of

T = TypeVar("T")


def decoder(payload: type[T]) -> Callable[[bytes | str], T]:
    """A function from JSON to `payload`.

    msgspec reads what it can read strictly. The rest is read with tolerance for other versions of
    the code: an unknown field is ignored, a missing field that may be nil is nil, an unknown enum
    value stays a string. Raises PayloadMismatch for a payload that still does not fit.
    """
    convert = converter(payload, read)

    def tolerant(text: bytes | str) -> T:
        try:
            result: T = convert(msgspec.json.decode(text), "payload")
        except Unfit as unfit:
            colon = ":" if unfit.problem.startswith("expected") else ""
            raise PayloadMismatch(f"{unfit.path}{colon} {unfit.problem}") from None
        except msgspec.DecodeError as error:
            raise PayloadMismatch(f"the payload is not JSON: {error}") from None
        except RecursionError:
            raise PayloadMismatch("the payload is nested too deep") from None
        return result

    if _needs_reading(payload):
        return tolerant
    try:
        strict = msgspec.json.Decoder(payload).decode
    except TypeError:  # a union that msgspec cannot tell apart by JSON alone
        return tolerant

    holds_unknown = writer(payload) is not None

    def decode(text: bytes | str) -> T:
        if holds_unknown and _may_be_tagged(text):
            return tolerant(text)
        try:
            return strict(text)
        except (msgspec.DecodeError, RecursionError):
            return tolerant(text)

    return decode


def _may_be_tagged(text: bytes | str) -> bool:
    return '"$' in text if isinstance(text, str) else b'"$' in text


def _needs_reading(annotation: Any) -> bool:
    """Whether some class within the type has other names in JSON, or a shape of its own."""
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        fields = fields_of(annotation)
        return any(name != own or _needs_reading(kind) for own, name, kind in fields)
    if is_sensitive(annotation) or shape_of(annotation) is not None:
        return True
    return any(_needs_reading(argument) for argument in typing.get_args(annotation))
