"""Hashes and arrays of mixed values: compares the `shape` in their types."""

from collections.abc import Iterator

_EACH = "-1"
"""The step of a shape that stands for every item."""


def reads_parts(code: str, payload: str) -> bool:
    """Whether code with one shape reads every value of a payload with another shape.

    A shape lists the parts whose type JSON does not keep. If only the code lists a part, nothing is
    known about that part of the payload.
    """
    if not code or code == payload:
        return True
    expected, written = dict(_parts(code)), dict(_parts(payload))
    if any(written.get(step, written.get(_EACH)) != kind for step, kind in expected.items()):
        return False
    each = expected.get(_EACH)
    return each is None or all(kind == each for kind in written.values())


def _parts(shape: str) -> Iterator[tuple[str, str]]:
    """Yield the steps of a shape such as `{total:decimal,lines:{0:date}}`, each with its type."""
    depth, start = 0, 1
    for at, char in enumerate(shape):
        depth += (char in "{<") - (char in ">}")
        if (char == "," and depth == 1) or (char == "}" and depth == 0):
            step, _, kind = shape[start:at].partition(":")
            yield step, kind
            start = at + 1
