"""The key of a job: whose it is, as text."""

import msgspec

from .arguments import describe_argument
from .errors import PayloadError
from .payload import encode

MAX_BYTES = 200
"""Bytes of UTF-8 that a key may have."""


def key_text(value: object) -> str | None:
    """A key as it is stored and shown; None without one: for None and False.

    A string is its own text; other values are JSON, so a tuple is an array. Raises PayloadError for
    a value that JSON cannot hold, and for a text of more than `MAX_BYTES`.
    """
    if value is None or value is False:
        return None
    try:
        plain = msgspec.json.decode(encode(value))
    except PayloadError as error:
        raise PayloadError(f"key: {str(error).replace('payload', 'its value', 1)}") from None
    if not isinstance(plain, str):
        plain = msgspec.json.encode(plain, order="sorted").decode()
    if len(plain.encode()) > MAX_BYTES:
        raise PayloadError(
            describe_argument("key", value, f"a value of at most {MAX_BYTES} bytes as text")
        )
    return plain
