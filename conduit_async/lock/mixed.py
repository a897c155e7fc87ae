"""Hashes and arrays of mixed values: what the `shape` in their type says of their parts."""

from collections.abc import Iterator

_EACH = "-1"
"""The step of a shape that is every item."""


def reads_parts(code: str, payload: str) -> bool:
    """Whether code of one shape reads every value that has the other one.

    A shape lists the types that JSON alone would change. Of a part that only the code lists,
    nothing is known in the payload.
    """
    if not code or code == payload:
        return True
    expected, written = dict(_parts(code)), dict(_parts(payload))
    if any(written.get(step, written.get(_EACH)) != kind for step, kind in expected.items()):
        return False
    each = expected.get(_EACH)
    return each is None or all(kind == each for kind in written.values())


def _parts(shape: str) -> Iterator[tuple[str, str]]:
    """The steps of a shape such as `{total:decimal,lines:{0:date}}`, with what each holds."""
    depth, start = 0, 1
    for at, char in enumerate(shape):
        depth += (char in "{<") - (char in ">}")
        if (char == "," and depth == 1) or (char == "}" and depth == 0):
            step, _, kind = shape[start:at].partition(":")
            yield step, kind
            start = at + 1
