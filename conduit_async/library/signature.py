"""The shape of a function of the standard library."""

import json
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from ..types import Type


class Required(Enum):
    """The default of a parameter that has none."""

    REQUIRED = "required"


REQUIRED: Final = Required.REQUIRED

Constant: TypeAlias = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter, with the same name in a source and in Python.

    Nil may be passed when `type` is `Optional` or `ANY`, or a variable for one.
    `rest` takes any number of values.
    """

    name: str
    type: Type
    default: Constant | Required = REQUIRED
    rest: bool = False

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        return self.default is REQUIRED and not self.rest


@dataclass(frozen=True, slots=True)
class Signature:
    """A function of a namespace: `namespace.name(parameters) -> result` in a source.

    `python` is its name in `conduit_runtime.stdlib`: the source's name without `?` and `!`, with
    `is_` before a lone adjective (`empty?`) and `require_` for the `!` of a name that exists
    without it (`current_user!`), and a trailing `_` at a Python keyword.

    `method`: it also exists as a method of its first parameter's type.
    `fallback`: the result is not nil when this parameter is given and is not nil.
    `whole_at_zero`: the result is an int when this parameter is the constant 0, or left out.
    `named_values`: it takes any further named values; its required parameters are positional.
    `effect`: it does something, so that a call whose result is not used makes sense.
    `never_raises`: whatever the arguments, nil included; `total`: for arguments of its types.
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
        """How a message names it: `String.trim`."""
        return f"{self.namespace}.{self.name}" if self.namespace else self.name

    @property
    def receiver(self) -> Type | None:
        """The type on whose values it is a method, if it is one."""
        return self.parameters[0].type if self.method else None

    def __str__(self) -> str:
        return f"{self.call}({', '.join(map(_shown, self.parameters))}) -> {self.result}"


def _shown(parameter: Parameter) -> str:
    head = f"{parameter.name}: {parameter.type}"
    if parameter.rest:
        return f"{head}, …"
    if parameter.default is REQUIRED:
        return head
    return f"{head} = {'nil' if parameter.default is None else json.dumps(parameter.default)}"
