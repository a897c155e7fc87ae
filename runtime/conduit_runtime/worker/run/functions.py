"""Checks the functions that an application gives as handlers."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any


def check_function(type: str, function: Any, second: str) -> None:
    """Raise TypeError unless `function(context, second)` can run jobs of a type."""
    if not callable(function):
        raise TypeError(f"the handler of {type!r} is {function!r}, which cannot be called")
    if _is(function, inspect.isgeneratorfunction) or _is(function, inspect.isasyncgenfunction):
        raise TypeError(
            f"the handler of {type!r} is a generator function, which a call does not run: "
            "remove `yield` from it"
        )
    try:
        signature = inspect.signature(function)
    except Exception:  # no signature, or annotations that cannot be evaluated
        return
    try:
        signature.bind(None, None)
    except TypeError as error:
        raise TypeError(
            f"the handler of {type!r} is called with (context, {second}), and does not take them: "
            f"{error}"
        ) from None


def _is(function: Any, kind: Callable[[Any], bool]) -> bool:
    while isinstance(function, partial):
        function = function.func
    return kind(function) or kind(getattr(function, "__call__", None))  # noqa: B004
