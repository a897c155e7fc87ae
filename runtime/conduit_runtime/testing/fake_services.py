"""Fake services for tests: they record calls, and return values or fail as a test says."""

import inspect
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self
from unittest.mock import call

from ..services.protocols import is_value, methods_of


class FakeMethod:
    """A method of a service. `calls` are the calls so far, as `unittest.mock.call` objects.

    A call returns an empty hash, as with `--services echo`, until `returns` sets another value.
    """

    runs_inline = True
    """A call never blocks, so a worker makes it without a thread."""

    def __init__(self, name: str, signature: inspect.Signature) -> None:
        self.calls: list[Any] = []
        self._name = name
        self._signature = signature
        self._result: Callable[..., Any] = lambda *args, **kwargs: {}
        self._failures: list[BaseException | type[BaseException]] = []
        self._always: BaseException | type[BaseException] | None = None

    def returns(self, value: Any) -> Self:
        """Return this value from now on or, for a function, its result for a call's arguments."""
        self._result = value if inspect.isfunction(value) else lambda *args, **kwargs: value
        return self

    def fails(
        self, error: BaseException | type[BaseException], *, times: int | None = None
    ) -> Self:
        """Raise this error in the next `times` calls, or in every call from now on."""
        if times is None:
            self._always = error
        else:
            self._failures += [error] * times
        return self

    def works(self) -> Self:
        """Stop failing."""
        self._failures, self._always = [], None
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(
                f"{self._name}{_given(args, kwargs)} is no call that the sources make: {error}; "
                f"the service takes {self._name}{self._signature.replace(return_annotation=Any)}"
            ) from None
        self.calls.append(call(*args, **kwargs))
        if self._failures:
            raise self._failures.pop(0)
        if self._always is not None:
            raise self._always
        return self._result(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<fake {self._name}, {len(self.calls)} calls>"


class FakeService:
    """A service with a FakeMethod for each method that the sources call."""

    def __init__(self, name: str, protocol: type) -> None:
        self._name = name
        self._methods: dict[str, FakeMethod] = {}
        self._add(protocol)

    def _add(self, protocol: type) -> None:
        for method, function in methods_of(protocol).items():
            if method not in self._methods:
                self._methods[method] = fake = FakeMethod(
                    f"{self._name}.{method}", _bound(function)
                )
                setattr(self, method, fake)

    def __getattr__(self, name: str) -> Any:
        known = ", ".join(self._methods)
        raise AttributeError(f"the sources call no method {name} of {self._name}, but {known}")

    def __repr__(self) -> str:
        return f"<fake {self._name}: {', '.join(self._methods)}>"


class Fakes:
    """An object with a fake for each service; `fakes.email.send.calls` are the calls of a method.

    Set an attribute to use a service of your own, or to give a value that the sources read.
    """

    def __init__(self, protocols: Mapping[str, Any] = {}) -> None:
        for name, protocol in protocols.items():
            self._add(name, protocol)

    def __call__(self, services: type[Any] | None = None) -> Any:
        """Return these fakes, with added ones for a generated `Services`, which hooks call as well.

        The type is Any: a type checker takes the result for services, and for fakes with `calls`.
        """
        if services is None:  # a worker calls the services that it is given
            return self
        for name, member in vars(services).items():
            if isinstance(member, property):
                self._add(name, typing.get_type_hints(member.fget)["return"])
        return self

    def _add(self, name: str, protocol: Any) -> None:
        known = vars(self).get(name)
        if is_value(protocol):
            if known is None:
                setattr(self, name, {})
        elif "__call__" in methods_of(protocol):
            if known is None:
                signature = _bound(methods_of(protocol)["__call__"])
                setattr(self, name, FakeMethod(name, signature))
        elif known is None:
            setattr(self, name, FakeService(name, protocol))
        elif isinstance(known, FakeService):
            known._add(protocol)

    def __getattr__(self, name: str) -> Any:
        known = (
            ", ".join(vars(self)) or "none: import the generated package, or call fakes(Services)"
        )
        raise AttributeError(f"there is no service {name}; the services are {known}")


class MadeCalls:
    """The calls of fakes since this object was made, which `undo` forgets."""

    def __init__(self, fakes: Fakes) -> None:
        self._before = [
            (fake, len(fake.calls), [*fake._failures])
            for service in vars(fakes).values()
            for fake in _fakes_of(service)
        ]

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Each call with the name of its method."""
        for fake, count, _ in self._before:
            yield from ((fake._name, each) for each in fake.calls[count:])

    def undo(self) -> None:
        """Forget the calls, and fail again as often as before."""
        for fake, count, failures in self._before:
            del fake.calls[count:]
            fake._failures[:] = failures


def _fakes_of(service: object) -> Iterable[FakeMethod]:
    if isinstance(service, FakeService):
        return service._methods.values()
    return [service] if isinstance(service, FakeMethod) else []


def fakes(services: type[Any]) -> Any:
    """Return fakes of a generated `Services`: they record calls, and return values or fail."""
    return Fakes()(services)


def _bound(function: Any) -> inspect.Signature:
    """The signature of a method as it is called, without `self`."""
    signature = inspect.signature(function)
    return signature.replace(parameters=[*signature.parameters.values()][1:])


def _given(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    given = [*map(repr, args), *(f"{name}={value!r}" for name, value in kwargs.items())]
    return f"({', '.join(given)})"
