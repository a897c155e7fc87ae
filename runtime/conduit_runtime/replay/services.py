"""The services of a replayed job: none is called."""

from collections.abc import Callable, Mapping
from functools import partial, update_wrapper
from typing import Any

from ..services.attributes import attribute_of
from ..services.service_calls import BoundService, BoundServices, Protocols, source_names_of
from .steps import ReplayEnd

EndAt = Callable[[str], ReplayEnd]
"""Makes the exception that ends a replay at an effect, which it is told."""
_DATA = (str, int, float, bytes, list, tuple, set, frozenset)


class BlockServices(BoundServices):
    """The services of a generated block. The values among them are those that are given."""

    def __init__(self, services: object, protocols: Protocols, end_at: EndAt) -> None:
        super().__init__(services)
        self._protocols = protocols
        self._end_at = end_at

    def __getattr__(self, attribute: str) -> BoundService:
        return BoundService(partial(self._bind, attribute))

    def bound_value(self, name: str) -> Any:
        if self._services is None:
            raise self._end_at(f"the value {name!r} of the services, which are not given")
        return super().bound_value(name)

    def _bind(self, attribute: str, method: str) -> Callable[..., Any]:
        names = source_names_of(self._protocols.get(attribute), attribute, method)
        return _ending(f"a call of {'.'.join(names)}", self._end_at)


def guarded(services: object, end_at: EndAt, path: str = "services") -> Any:
    """The services of a handler that is written by hand: their attributes, none of them called.

    Without services, each attribute is one that ends the replay when it is called.
    """
    if services is None or not isinstance(services, Mapping):
        return _Guard(services, end_at, path)
    return {name: _guarded_part(each, end_at, f"{path}.{name}") for name, each in services.items()}


class _Guard:
    def __init__(self, real: object, end_at: EndAt, path: str) -> None:
        self.__real = real
        self.__end_at = end_at
        self.__path = path

    def __getattr__(self, name: str) -> Any:
        # A name that Python asks for, such as `__wrapped__`; `func` is that of a partial.
        if name.startswith("__") or (self.__real is None and name == "func"):
            raise AttributeError(name)
        path = f"{self.__path}.{name}"
        if self.__real is None:
            return _Guard(None, self.__end_at, path)
        getattr(self.__real, name)  # as the handler would raise it
        return _guarded_part(attribute_of(self.__real, name), self.__end_at, path)

    def __call__(self, *args: object, **named: object) -> Any:
        raise self.__end_at(f"a call of {self.__path}")


def _guarded_part(part: Any, end_at: EndAt, path: str) -> Any:
    if part is None or isinstance(part, _DATA):
        return part
    if callable(part):
        return _ending(f"a call of {path}", end_at, part)
    return guarded(part, end_at, path)


def _ending(what: str, end_at: EndAt, function: Any = None) -> Callable[..., Any]:
    """A function that ends the replay; annotations are those of `function`."""

    def call(*args: object, **named: object) -> Any:
        raise end_at(what)

    return call if function is None else update_wrapper(call, function)
