"""Writes the values of a class that generated code stores, so that the class reads them back."""

from collections.abc import Callable
from copy import copy
from functools import lru_cache
from typing import Any, Generic, TypeVar

from ..model import payload as payloads
from ..model.errors import PayloadError, PayloadMismatch
from .decode import decoder
from .exact import writer
from .fits import fit

T = TypeVar("T")


class Codec(Generic[T]):
    """The JSON form of a class: `decode` reads it and raises PayloadMismatch."""

    def __init__(self, kind: type[T]) -> None:
        self.decode: Callable[[bytes | str], T] = decoder(kind)
        self._writer = writer(kind)
        annotation: Any = kind
        self._fit = fit(annotation)

    def write(self, value: T, reader: str) -> tuple[str, Any]:
        """The JSON text of a value, and the value as it is now in types of JSON.

        Raises PayloadError for a value that JSON or Postgres would refuse or change, or that the
        class could not read back, as `reader` is told.
        """
        text, plain = payloads.written(value)
        if plain is value:
            plain = copy(plain)
        if self._writer is not None:
            form = self._writer(value, "payload")
            if form is not value:
                text, plain = payloads.written(form)
        if not self._fit(value):
            try:
                self.decode(text)
            except PayloadMismatch as mismatch:
                message = f"{reader} could not read its own payload: {mismatch}"
                raise PayloadError(message) from None
        return text, plain


def codec_of(kind: type[T]) -> Codec[T]:
    """The codec of a class, which is made once."""
    of: Any = kind
    return _codec(of)


@lru_cache(maxsize=4_096)
def _codec(kind: Any) -> Codec[Any]:
    return Codec(kind)
