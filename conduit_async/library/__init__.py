"""The standard library as the compiler knows it: one table of signatures.

It drives checking, completion and documentation. `conduit_runtime.stdlib` implements it, which a
test proves name by name and parameter by parameter.
"""

from functools import cache

from .. import assets
from .signature import REQUIRED as REQUIRED
from .signature import Parameter as Parameter
from .signature import Signature as Signature
from .signature import read_signatures

LIBRARY: dict[str, dict[str, Signature]] = {}
"""Namespace → name in a source → signature."""

OF_UNKNOWN: dict[str, Signature] = {}
"""Methods of strings and of arrays, for a value that may be either; the runtime's operators."""

for _each in read_signatures(assets.read("library/signatures.txt")):
    (LIBRARY.setdefault(_each.namespace, {}) if _each.namespace else OF_UNKNOWN)[_each.name] = _each

ENDS = {"Array.first": 0, "Array.last": -1}
"""Functions that read an item of an array, and its position."""


def methods(name: str) -> tuple[Signature, ...]:
    """Every function that is a method of this name; their `receiver` types differ."""
    return _methods().get(name, ())


@cache
def _methods() -> dict[str, tuple[Signature, ...]]:
    found: dict[str, tuple[Signature, ...]] = {}
    for functions in LIBRARY.values():
        for signature in functions.values():
            if signature.method:
                found[signature.name] = (*found.get(signature.name, ()), signature)
    return found
