"""The signatures of the standard library, and the reader of `signatures.txt`."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import EllipsisType
from typing import Final, TypeAlias

from ..names import python_name
from ..types import (
    ANY,
    DATE,
    DECIMAL,
    FLOAT,
    INT,
    KINDS,
    NIL,
    TIMESTAMP,
    Array,
    Enum,
    FunctionType,
    Hash,
    Type,
    TypeVariable,
    Union,
    optional,
)

ITEM = TypeVariable("T")
NUMBER = TypeVariable("number", Union((INT, FLOAT, DECIMAL)))
MOMENT = TypeVariable("moment", Union((TIMESTAMP, DATE)))
_NAMED: dict[str, Type] = {
    "any": ANY,
    "nil": NIL,
    "number": NUMBER,
    "moment": MOMENT,
    **{name: TypeVariable(name) for name in "TUKV"},
}
_LINE = re.compile(r"(?:(\w+)\.)?(\w+[?!]?)\((.*)\) -> (.+?)(?: \[([^\[\]]*)\])?\n +(.*)")
_PARAMETER = re.compile(r"(\.\.\.)?(\w+): ((?:[^,(<\[]|\([^)]*\)|<[^>]*>|\[[^\]]*\])+)")
_TOKEN = re.compile(r"->|\w+|[?(),<>\[\]]")

REQUIRED: Final = ...
"""Marks a parameter without a default."""

DefaultValue: TypeAlias = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter; its name is the same in a source and in Python.

    Nil is allowed if `type` is `Optional` or `ANY`, or a type variable for one of them.
    `rest`: it takes any number of values.
    """

    name: str
    type: Type
    default: DefaultValue | EllipsisType = REQUIRED
    rest: bool = False

    @property
    def required(self) -> bool:
        """Whether a call must pass it."""
        return self.default is REQUIRED and not self.rest


@dataclass(frozen=True, slots=True)
class Signature:
    """A function of a namespace: `namespace.name(parameters) -> result` in a source.

    `python` is its name in `conduit_runtime.stdlib`: the source's name without `?` and `!`, with
    `is_` before a lone adjective (`empty?`) and `require_` for the `!` of a name that exists
    without it (`current_user!`), and a trailing `_` at a Python keyword.

    `method`: it is also a method of its first parameter's type.
    `fallback`: the result is not nil when this parameter is given and is not nil.
    `whole_at_zero`: the result is an int when this parameter is the constant 0, or left out.
    `named_values`: it takes any further named values; its required parameters are positional.
    `effect`: it does something, so that a call whose result is not used makes sense.
    `never_raises`: it raises no error for any arguments, nil included.
    `total`: it raises no error for arguments of its types.
    """

    namespace: str
    name: str
    parameters: tuple[Parameter, ...]
    result: Type
    doc: str
    python: str
    method: bool = False
    fallback: str | None = None
    whole_at_zero: str | None = None
    named_values: bool = False
    effect: bool = False
    never_raises: bool = False
    total: bool = False

    @property
    def call(self) -> str:
        """Its name in a message: `String.trim`."""
        return f"{self.namespace}.{self.name}" if self.namespace else self.name

    @property
    def receiver(self) -> Type | None:
        """The type that has it as a method, if it is one."""
        return self.parameters[0].type if self.method else None


def read_signatures(text: str) -> Iterator[Signature]:
    """Yield the signatures of a text."""
    for namespace, name, parameters, result, properties, doc in _LINE.findall(text):
        given: dict[str, str | bool] = {"python": python_name(name)}
        for each in properties.split(", ") if properties else ():
            key, equals, value = each.partition("=")
            given[key] = value if equals else True
        taken = tuple(_parameter(*found) for found in _PARAMETER.findall(parameters))
        yield Signature(namespace, name, taken, _type(result), doc, **given)  # type: ignore[arg-type]


def _parameter(rest: str, name: str, shown: str) -> Parameter:
    kind, _, value = shown.partition(" = ")
    default: DefaultValue | EllipsisType = REQUIRED
    if value:
        default = json.loads(value.replace("nil", "null"))
    return Parameter(name, _type(kind), default, bool(rest))


def _type(text: str) -> Type:
    return _union(_TOKEN.findall(text)[::-1])


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
            return FunctionType(tuple(inner), _union(tokens))
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
            return _NAMED.get(name) or KINDS[name]


def _listed(tokens: list[str], closer: str) -> list[Type]:
    """Return the types up to a closing bracket."""
    found = [_union(tokens)]
    while tokens.pop() != closer:
        found.append(_union(tokens))
    return found
