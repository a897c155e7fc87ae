"""How large JSON becomes as jsonb: small numbers grow to six times their text."""

import re

JSONB_ELEMENTS = 2**24
"""Elements of an array that Postgres can read: for more, its parser asks for 1 GB at once."""
JSONB_BYTES = 2**28 - 1
"""Bytes of a jsonb array or object."""

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"')


def jsonb_size(text: bytes) -> int:
    """A bound for the bytes that a JSON text takes as jsonb, seldom much above the true number."""
    frame = _STRING.sub(b"s", text)
    commas, colons, dots, strings = (frame.count(sign) for sign in (b",", b":", b".", b"s"))
    containers = frame.count(b"[") + frame.count(b"{")
    content = len(text) - commas - colons - 2 * (containers + strings)
    # Each but the outermost follows a comma or opens its container; what is no string is a number.
    values = commas + containers + 1
    numbers = max(0, values - containers - (strings - colons))
    entries = values + colons
    # An entry each; headers, and padding, of numbers and of containers.
    return content + 4 * entries + 7 * numbers + 2 * dots + 7 * containers
