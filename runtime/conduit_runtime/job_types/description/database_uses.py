"""Finds the handlers that need the application's database, by reading their code."""

import dis
import inspect
from types import CodeType, FunctionType
from typing import Any

from ...records.async_operations import AsyncOperations
from ..upcast import Upcast
from .uses import ATTRIBUTES, codes

_LOADS = ("LOAD_FAST", "LOAD_DEREF", "STORE_FAST_LOAD_FAST")
_OPERATIONS = {name for name in vars(AsyncOperations) if name[0] != "_"} | {"connection"}


def uses_database(function: Any) -> bool:
    """Whether a handler uses the database through its context: a connection, or reads and writes.

    It follows the context into functions of the same module, if their parameter for it has the same
    name, as in generated code.
    """
    return _uses_database(inspect.unwrap(function), 0)


def upcast_uses_database(upcast: Upcast[Any, Any]) -> bool:
    """`uses_database` for an upcaster."""
    return upcast.takes_job and _uses_database(inspect.unwrap(upcast.function), 1)


def _uses_database(function: Any, position: int) -> bool:
    code = getattr(function, "__code__", None)
    parameters = [] if code is None else _parameters(code)
    if len(parameters) <= position:
        return False
    return _asks(function, parameters[position], set())


def _asks(function: FunctionType, context: str, seen: set[FunctionType]) -> bool:
    seen.add(function)
    for code in codes(function.__code__):
        before: Any = None
        for each in dis.get_instructions(code):
            if each.opname in ATTRIBUTES and each.argval in _OPERATIONS and before == context:
                return True
            if each.opname == "LOAD_GLOBAL":
                found = function.__globals__.get(each.argval)
                if (
                    isinstance(found, FunctionType)
                    and found.__module__ == function.__module__
                    and context in _parameters(found.__code__)
                    and found not in seen
                    and _asks(found, context, seen)
                ):
                    return True
            if each.opname != "EXTENDED_ARG":
                # Newer versions of Python load, or store and load, two variables at once.
                before = each.argval[-1] if isinstance(each.argval, tuple) else each.argval
                if not each.opname.startswith(_LOADS):
                    before = None
    return False


def _parameters(code: CodeType) -> list[str]:
    return [*code.co_varnames[: code.co_argcount]]
