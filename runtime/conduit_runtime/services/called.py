"""Which arguments a call of an object takes for certain."""

import inspect
from functools import partial
from inspect import Signature
from types import FunctionType, MethodType
from typing import Any


def signature_of(function: Any) -> Signature | None:
    """The parameters that a call has to fit; None where that is not known for certain.

    It reads the code of the function that Python calls. The `__signature__`, `__wrapped__` or
    `__class__` of a decorator or a proxy describes another function.
    """
    called = _called(function)
    try:
        return None if called is None else inspect.signature(called)
    except (TypeError, ValueError):  # a partial whose arguments do not fit
        return None


def declared_signature(function: Any) -> Signature | None:
    """The parameters that an object declares; a decorator declares those of what it wraps."""
    try:
        return inspect.signature(function)
    except Exception:  # attributes of an object of the application may raise anything
        return None


def _called(function: Any) -> "partial[Any] | None":
    """The function that a call reaches, with the arguments bound to it."""
    kind = type(function)
    if kind is FunctionType:
        return partial(_bare(function))
    if kind is MethodType:
        return _bound(function.__func__, function.__self__)
    if kind is partial:
        called = _called(function.func)
        return called and partial(called, *function.args, **function.keywords)
    if issubclass(kind, type):
        is_usual = kind.__call__ is type.__call__ and function.__new__ is object.__new__
        method = function.__init__ if is_usual else None
    else:
        method = inspect.getattr_static(kind, "__call__", None)
    return _bound(method, function) if type(method) is FunctionType else None


def _bound(method: Any, owner: object) -> "partial[Any] | None":
    called = _called(method)
    return called and partial(called, owner)


def _bare(function: FunctionType) -> FunctionType:
    """The function without attributes."""
    bare = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    bare.__kwdefaults__ = function.__kwdefaults__
    return bare
