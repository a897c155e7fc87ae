"""The standard library as the compiler knows it: one table of signatures.

Checking, completion and documentation use the table, which is written from
`conduit_runtime.stdlib`.
"""

from collections import defaultdict

from .. import assets
from .signature import REQUIRED as REQUIRED
from .signature import Parameter as Parameter
from .signature import Signature as Signature
from .signature import read_signatures

LIBRARY: dict[str, dict[str, Signature]] = {}
"""Namespace → name in a source → signature."""

OF_UNKNOWN: dict[str, Signature] = {}
"""Methods of a value that may be a string or an array; the runtime's operators implement them."""

ENDS = {"Array.first": 0, "Array.last": -1}
"""Functions that read an item of an array, and its position."""

_METHODS: dict[str, list[Signature]] = defaultdict(list)

for _each in read_signatures(assets.read("library/signatures.txt")):
    (LIBRARY.setdefault(_each.namespace, {}) if _each.namespace else OF_UNKNOWN)[_each.name] = _each
    if _each.method:
        _METHODS[_each.name].append(_each)


def methods(name: str) -> tuple[Signature, ...]:
    """Return every function that is a method of this name; their `receiver` types differ."""
    return tuple(_METHODS.get(name, ()))
