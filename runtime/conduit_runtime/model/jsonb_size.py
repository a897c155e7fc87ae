"""The size of JSON as jsonb: small numbers grow to six times their text."""

import re

JSONB_ELEMENTS = 2**24
"""Elements of an array that Postgres can read; for more, its parser asks for 1 GB at once."""
JSONB_BYTES = 2**28 - 1
"""Bytes of a jsonb array or object."""

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"')


def jsonb_size(text: bytes) -> int:
    """An upper bound of the bytes of a JSON text as jsonb, seldom much too high."""
    frame = _STRING.sub(b"s", text)
    commas, colons, dots, strings = (frame.count(sign) for sign in (b",", b":", b".", b"s"))
    containers = frame.count(b"[") + frame.count(b"{")
    content = len(text) - commas - colons - 2 * (containers + strings)
    # Each value but the outermost follows a comma or opens its container. A value that is no string
    # and no container counts as a number.
    values = commas + containers + 1
    numbers = max(0, values - containers - (strings - colons))
    entries = values + colons
    # Each value and key has an entry; numbers and containers have headers and padding.
    return content + 4 * entries + 7 * numbers + 2 * dots + 7 * containers
