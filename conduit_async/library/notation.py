"""Reads the notation of `signatures.txt`."""

import json
import re
from collections.abc import Iterator

from ..names import python_name
from ..types import (
    ANY,
    DATE,
    DECIMAL,
    FLOAT,
    INT,
    NIL,
    TIMESTAMP,
    Array,
    Enum,
    Function,
    Hash,
    Scalar,
    Type,
    Union,
    Variable,
    optional,
)
from .signature import REQUIRED, Constant, Parameter, Required, Signature

ITEM = Variable("T")
NUMBER = Variable("number", Union((INT, FLOAT, DECIMAL)))
_NAMED: dict[str, Type] = {
    "any": ANY,
    "nil": NIL,
    "number": NUMBER,
    "moment": Variable("moment", Union((TIMESTAMP, DATE))),
    **{name: Variable(name) for name in "TUKV"},
}
_LINE = re.compile(r"(?:(\w+)\.)?(\w+[?!]?)\((.*)\) -> (.+?)(?: \[([^\[\]]*)\])?\n +(.*)")
_PARAMETER = re.compile(r"(\.\.\.)?(\w+): ((?:[^,(<\[]|\([^)]*\)|<[^>]*>|\[[^\]]*\])+)")
_TOKEN = re.compile(r"->|\w+|[?(),<>\[\]]")


def read_signatures(text: str) -> Iterator[Signature]:
    """The signatures of a text."""
    for namespace, name, parameters, result, properties, doc in _LINE.findall(text):
        given: dict[str, str | bool] = {"python": python_name(name)}
        for each in properties.split(", ") if properties else ():
            key, equals, value = each.partition("=")
            given[key] = value if equals else True
        taken = tuple(_parameter(*found) for found in _PARAMETER.findall(parameters))
        yield Signature(namespace, name, taken, _type(result), doc, **given)  # type: ignore[arg-type]


def _parameter(rest: str, name: str, shown: str) -> Parameter:
    kind, _, value = shown.partition(" = ")
    default: Constant | Required = REQUIRED
    if value:
        default = json.loads(value.replace("nil", "null"))
    return Parameter(name, _type(kind), default, bool(rest))


def _type(text: str) -> Type:
    tokens = _TOKEN.findall(text)[::-1]
    return _union(tokens)


def _union(tokens: list[str]) -> Type:
    options = [_option(tokens)]
    while tokens and tokens[-1] == "or":
        tokens.pop()
        options.append(_option(tokens))
    return Union(tuple(options)) if len(options) > 1 else options[0]


def _option(tokens: list[str]) -> Type:
    kind = _single(tokens)
    if tokens and tokens[-1] == "?":
        tokens.pop()
        kind = optional(kind)
    return kind


def _single(tokens: list[str]) -> Type:
    match tokens.pop():
        case "(":
            inner = _listed(tokens, ")")
            if not tokens or tokens[-1] != "->":
                return inner[0]
            tokens.pop()
            return Function(tuple(inner), _union(tokens))
        case "array":
            tokens.pop()
            (item,) = _listed(tokens, ">")
            return Array(item)
        case "hash":
            tokens.pop()
            key, value = _listed(tokens, ">")
            return Hash(key, value)
        case "enum":
            values = tuple(each for each in tokens[::-1] if each not in "[],")
            tokens.clear()
            return Enum("", values)
        case name:
            return _NAMED.get(name) or Scalar(name)  # type: ignore[arg-type]


def _listed(tokens: list[str], closer: str) -> list[Type]:
    """The types up to a closing bracket."""
    found = [_union(tokens)]
    while tokens.pop() != closer:
        found.append(_union(tokens))
    return found
