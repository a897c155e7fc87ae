"""Decoders for the classes that handlers written by hand take as their payload."""

import dataclasses
import inspect
import json
import sys
import types
import typing
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any
from uuid import UUID

import msgspec

from ..model.errors import PayloadMismatch

_OF_JSON = {Any, object, None, NoneType, bool, int, float, str, dict, list, inspect.Parameter.empty}
_VALUES = (Enum, Decimal, UUID, date, datetime, time, timedelta, bytes, tuple, set, frozenset)


def annotated_payload(function: Callable[..., Any]) -> Any:
    """The annotation of a function's second parameter, evaluated; `Parameter.empty` without one.

    Raises TypeError for an annotation that cannot be evaluated.
    """
    try:
        parameters = [*inspect.signature(function).parameters.values()]
    except (TypeError, ValueError):  # of C code, say
        return inspect.Parameter.empty
    if len(parameters) < 2 or parameters[1].kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD:
        return inspect.Parameter.empty
    annotation = parameters[1].annotation
    try:
        return _evaluated(annotation, function)
    except Exception as error:
        raise TypeError(
            f"the annotation {annotation!r} of `{parameters[1].name}` cannot be read: {error}"
        ) from None


def annotated_result(function: Callable[..., Any]) -> Any:
    """The annotation of what a function returns or, awaited, gives; `Any` if none can be read."""
    try:
        annotation = code_of(function).__annotations__.get("return", Any)
        annotation = _evaluated(annotation, function)
    except Exception:  # a name that only a type checker imports, say
        return Any
    arguments = typing.get_args(annotation)
    if arguments and typing.get_origin(annotation) in (Awaitable, Coroutine):
        return arguments[-1]
    return annotation


def _evaluated(annotation: Any, function: Callable[..., Any]) -> Any:
    if not isinstance(annotation, str):
        return annotation
    code = code_of(function)
    names = {**getattr(code, "__globals__", {}), **inspect.getclosurevars(code).nonlocals}
    return typing.get_type_hints(_Annotated(annotation), names, include_extras=True)["payload"]


def code_of(function: Any) -> Any:
    """The function that a partial, a method, a decorated function or a callable object runs."""
    while hasattr(function, "func"):
        function = function.func
    code = inspect.unwrap(function)
    code = code if hasattr(code, "__globals__") else type(code).__call__
    return getattr(code, "__func__", code)


class _Annotated:
    """Something with one annotation."""

    def __init__(self, annotation: str) -> None:
        self.__annotations__ = {"payload": annotation}


def annotated_decoder(annotation: Any) -> Callable[[str], Any] | None:
    """A function from a payload's JSON to the annotated type; None for the types of JSON itself.

    The function raises PayloadMismatch for a payload that does not fit. Raises TypeError for a type
    that no payload can become.
    """
    needed = {*_readers(annotation)}
    if "pydantic" in needed:
        return _by_pydantic(annotation)
    return _by_msgspec(annotation) if needed else None


def annotated_shape(annotation: Any) -> str:
    """The JSON schema of what an annotated type reads; empty for the types of JSON itself."""
    needed = {*_readers(annotation)}
    try:
        if "pydantic" in needed:
            schema = sys.modules["pydantic"].TypeAdapter(annotation).json_schema()
        else:
            schema = msgspec.json.schema(annotation) if needed else None
    except Exception:  # a type may read JSON and yet have no schema
        return repr(annotation)
    return "" if schema is None else json.dumps(schema, sort_keys=True, default=repr)


def _readers(annotation: Any) -> Iterator[str]:
    """What has to read the parts of the type: "msgspec" or "pydantic"."""
    if hasattr(annotation, "__value__"):  # `type Payload = …`
        yield from _readers(annotation.__value__)
        return
    if hasattr(annotation, "__supertype__"):
        yield from _readers(annotation.__supertype__)
        return
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal or isinstance(annotation, typing.TypeVar):
        return
    if origin is typing.Annotated:
        yield from _readers(arguments[0])
        return
    for argument in arguments:
        if argument is not ...:
            yield from _readers(argument)
    if origin in (typing.Union, types.UnionType):
        return
    kind = annotation if origin is None else origin
    if not inspect.isclass(kind):
        if origin is None and kind not in _OF_JSON:
            raise TypeError(_refusal(annotation))
    elif hasattr(kind, "__pydantic_validator__"):
        yield "pydantic"
    elif _is_structure(kind) or issubclass(kind, _VALUES):
        yield "msgspec"
    elif kind not in _OF_JSON and kind.__module__ != "collections.abc":
        raise TypeError(_refusal(annotation))


def _is_structure(kind: type) -> bool:
    return (
        dataclasses.is_dataclass(kind)
        or issubclass(kind, msgspec.Struct)
        or hasattr(kind, "__attrs_attrs__")
        or typing.is_typeddict(kind)
    )


def _refusal(annotation: Any) -> str:
    name = annotation.__name__ if inspect.isclass(annotation) else repr(annotation)
    return (
        f"no payload becomes {name}: annotate it with a dataclass, a class of msgspec, attrs or "
        "pydantic, or types of JSON such as dict"
    )


def _by_msgspec(annotation: Any) -> Callable[[str], Any]:
    strict = msgspec.json.Decoder(annotation).decode

    def decode(text: str) -> Any:
        try:
            return strict(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise PayloadMismatch(f"the payload does not fit the handler: {error}") from None

    return decode


def _by_pydantic(annotation: Any) -> Callable[[str], Any]:
    pydantic: Any = sys.modules["pydantic"]
    adapter = pydantic.TypeAdapter(annotation)

    def decode(text: str) -> Any:
        try:
            return adapter.validate_json(text)
        except pydantic.ValidationError as error:
            # Its own text holds values of the payload.
            found = error.errors(include_url=False, include_input=False, include_context=False)
            problems = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in found]
            raise PayloadMismatch(
                f"the payload does not fit the handler: {'; '.join(problems)}"
            ) from None

    return decode
