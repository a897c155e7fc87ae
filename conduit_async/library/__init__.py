"""The standard library as the compiler knows it: one table of signatures.

It drives checking, completion and documentation. `conduit_runtime.stdlib` implements it, which a
test proves name by name and parameter by parameter.
"""

from dataclasses import replace
from functools import cache

from ..types import ANY, BOOL, INT
from . import effects, values
from .notation import function, parameter
from .signature import REQUIRED, Parameter, Required, Signature

__all__ = [
    "ENDS",
    "LIBRARY",
    "OF_UNKNOWN",
    "REQUIRED",
    "Parameter",
    "Required",
    "Signature",
    "find",
    "methods",
]


def _namespace(name: str, functions: tuple[Signature, ...]) -> dict[str, Signature]:
    return {function.name: replace(function, namespace=name) for function in functions}


LIBRARY: dict[str, dict[str, Signature]] = {
    name: _namespace(name, functions)
    for name, functions in {
        "String": values.STRING_FUNCTIONS,
        "Text": values.TEXT_FUNCTIONS,
        "Number": values.NUMBER_FUNCTIONS,
        "Array": values.ARRAY_FUNCTIONS,
        "Hash": values.HASH_FUNCTIONS,
        "Time": values.TIME_FUNCTIONS,
        "UUID": effects.UUID_FUNCTIONS,
        "Random": effects.RANDOM_FUNCTIONS,
        "Crypto": effects.CRYPTO_FUNCTIONS,
        "HTML": effects.HTML_FUNCTIONS,
        "JSON": effects.JSON_FUNCTIONS,
        "Regex": effects.REGEX_FUNCTIONS,
        "Logger": effects.LOGGER_FUNCTIONS,
        "Cache": effects.CACHE_FUNCTIONS,
        "Context": effects.CONTEXT_FUNCTIONS,
        "Env": effects.ENV_FUNCTIONS,
    }.items()
}
"""Namespace → name in a source → signature."""

_value = parameter("value", ANY)
_item = parameter("item", ANY)

OF_UNKNOWN: dict[str, Signature] = {
    each.name: each
    for each in (
        function(
            "length", (_value,), INT, "The number of characters or items.", python="length_of"
        ),
        function(
            "includes?",
            (_value, _item),
            BOOL,
            "Whether it has a part or an item.",
            python="includes_item",
        ),
        function("contains", (_value, _item), BOOL, "The same.", python="includes_item"),
    )
}
"""Methods of strings and of arrays, for a value that may be either; the runtime's operators."""

ENDS = {"Array.first": 0, "Array.last": -1}
"""Functions that read an item of an array, and its position."""


def find(namespace: str, name: str) -> Signature | None:
    """The function of a namespace, if there is one of that name."""
    return LIBRARY.get(namespace, {}).get(name)


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
