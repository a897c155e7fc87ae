"""Whether the methods of services accept the calls that the sources make."""

import re
from collections.abc import Collection, Iterator, Mapping
from inspect import Parameter, Signature
from typing import Any

from .attributes import attribute_of
from .called import declared_signature, signature_of

_CALL = re.compile(r"(\w+)(?:\.(\w+))?\((.*)\)")
_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_NAMED = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


def unfit_calls(
    services: object, calls: Mapping[str, str], *, as_declared: bool = False
) -> list[str]:
    """A line for each call that its method does not accept, or whose method is missing.

    `calls` are as `calls_of` returns them. The parameters are those of the function that a call
    reaches; for a decorated method, those of the decorator. With `as_declared`, they are those that
    the method declares, which may differ.
    """
    lines = []
    for call, place in sorted(calls.items(), key=lambda item: (item[1], item[0])):
        function, arguments = _target(services, call)
        signature = declared_signature(function) if as_declared else signature_of(function)
        if signature is None:
            problems = [] if callable(function) else ["is missing"]
        else:
            given = [each.removesuffix("=") for each in arguments if each != "_"]
            problems = [*_problems(signature, len(arguments) - len(given), given)]
        if problems:
            lines.append(f"{place} calls {call}, which {' and '.join(problems)}")
    return lines


def _target(services: object, call: str) -> tuple[Any, list[str]]:
    """The function that a call reaches, and the call's arguments: `_`, or a name with `=`."""
    found = _CALL.fullmatch(call)
    assert found is not None, call
    service, method, arguments = found.groups()
    function = attribute_of(services, service)
    if method is not None:
        function = attribute_of(function, method)
    return function, arguments.split(", ") if arguments else []


def _problems(signature: Signature, count: int, names: Collection[str]) -> Iterator[str]:
    """Why a function does not accept `count` positional arguments and these `names`.

    Agrees with `Signature.bind`, which reports only the first problem.
    """
    parameters = signature.parameters.values()
    kinds = {each.kind for each in parameters}
    positional = [each.name for each in parameters if each.kind in _POSITIONAL]
    named = {each.name for each in parameters if each.kind in _NAMED}
    filled = set(positional[:count])
    if count > len(positional) and Parameter.VAR_POSITIONAL not in kinds:
        yield f"takes {len(positional)} positional argument{'s' * (len(positional) != 1)}"
    for name in names:
        if name in named & filled:
            yield f"gets {name} by position already"
        elif name not in named and Parameter.VAR_KEYWORD not in kinds:
            yield f"takes {name} by position" if name in positional else f"has no parameter {name}"
    for each in parameters:
        is_given = each.name in filled or (each.name in named and each.name in names)
        if each.kind in (*_POSITIONAL, *_NAMED) and each.default is each.empty and not is_given:
            yield f"needs {each.name}"
