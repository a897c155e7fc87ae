"""The base of the namespaces: it checks calls, so that a wrong value is an error that names it."""

import functools
import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, ParamSpec, TypeVar, Union

from ..model.kinds import WORDS
from ..model.text.names import source_name
from ..model.values import ConduitError

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C")
F = TypeVar("F", bound=Callable[..., Any])

_PROPERTIES = "__conduit_properties__"
_WORDS: dict[Any, str] = {
    **WORDS,
    re.Pattern: "a regex",
    types.NoneType: "nil",
    Sequence: "an array",
    Mapping: "a hash",
    Callable: "a function",
    object: "a value",
}


class ArgumentError(ConduitError):
    """The argument of a library function does not fit; the message names the call."""


def namespace(cls: type[C]) -> type[C]:
    """Check the arguments of every static method of a class against its annotations.

    A parameter that is annotated with a plain type variable or `Any` takes everything, nil
    included. One that is annotated with `object` takes everything but nil.
    """
    for name, member in list(vars(cls).items()):
        if isinstance(member, staticmethod) and not name.startswith("_"):
            function = member.__func__
            call = f"{cls.__name__}.{source_name(function)}"
            setattr(cls, name, staticmethod(_checked(call, function)))
    return cls


def properties(*given: str) -> Callable[[F], F]:
    """Declare the properties of a library function, such as "method"; the compiler's
    `Signature` says what they are.
    """

    def decorate(function: F) -> F:
        setattr(function, _PROPERTIES, given)
        return function

    return decorate


def properties_of(function: object) -> tuple[str, ...]:
    """The properties of a library function."""
    found: tuple[str, ...] = getattr(function, _PROPERTIES, ())
    return found


def kind(value: object) -> str:
    """The kind of a value, in the language's words; never the value itself, which may be secret."""
    known = (words for cls, words in _WORDS.items() if cls is not object and isinstance(value, cls))
    return next(known, f"a {type(value).__name__}")


def _checked(call: str, function: Callable[P, R]) -> Callable[P, R]:
    hints = typing.get_type_hints(function)
    positional: list[_Check] = []
    rest: _Check | None = None
    for parameter in inspect.signature(function).parameters.values():
        check = _Check(parameter.name, hints[parameter.name])
        if parameter.kind is parameter.VAR_POSITIONAL:
            rest = check
        else:
            positional.append(check)
    if not positional:
        return function
    by_name = {check.name: check for check in positional}

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        for value, check in zip(args, positional, strict=False):
            if type(value) not in check.exact:
                check(call, value)
        if rest:
            for value in args[len(positional) :]:
                rest(call, value)
        for name, value in kwargs.items():
            if name in by_name:
                by_name[name](call, value)
        return function(*args, **kwargs)

    return checked


class _Check:
    """The values that one parameter accepts."""

    def __init__(self, name: str, annotation: Any) -> None:
        self.name = name
        self.types = tuple(dict.fromkeys(accepted_types(annotation)))
        self.exact = frozenset(cls for cls in self.types if cls is not object)

    def __call__(self, call: str, value: object) -> None:
        cls = type(value)
        if cls in self.exact:
            return
        if value is not None:
            if object in self.types:
                return
            # a bool is no number, and a string no array of its characters
            fits = cls is not bool and isinstance(value, self.types)
            if fits and (str in self.types or not isinstance(value, str | bytes)):
                return
        words = [_WORDS[each] for each in self.types if each is not types.NoneType]
        expected = " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
        raise ArgumentError(f"{call}: `{self.name}` must be {expected}, not {kind(value)}")


def accepted_types(annotation: Any) -> list[Any]:
    """The classes whose instances fit an annotation, as the keys of `_WORDS`."""
    origin = typing.get_origin(annotation)
    if isinstance(annotation, TypeVar):
        if annotation.__constraints__:
            return [cls for each in annotation.__constraints__ for cls in accepted_types(each)]
        annotation = Any
    if annotation is Any:
        return [object, types.NoneType]
    if origin in (Union, types.UnionType):
        return [cls for part in typing.get_args(annotation) for cls in accepted_types(part)]
    if origin is Literal:
        return [str]
    if annotation is float:
        return [int, float]
    return [origin or annotation]
