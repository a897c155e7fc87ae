"""Calling the application's services, from jobs and from hooks."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from functools import lru_cache, partial
from typing import Any

from ..model.calls import Call, CurrentJob, entered_call
from ..model.errors import QueueError
from ..model.text.names import source_name
from ..model.values import ConduitError
from .django_connections import renewed

Protocols = Mapping[str, type]
"""Attribute → generated Protocol of each service."""
Linger = Callable[[Future[None]], None]


def _left_alone(thread: Future[None]) -> None:
    """Outside of a worker, threads are not counted."""


class ServiceError(QueueError):
    """The services that were given are not the ones that the jobs call."""


class JobServices:
    """The services as a job calls them: every method is awaited, however it is implemented.

    A coroutine function runs on the loop, a plain function in a thread. `linger` is called with
    one that runs on when its attempt has been stopped.
    """

    def __init__(
        self, services: Any, protocols: Protocols, job: CurrentJob, linger: Linger = _left_alone
    ) -> None:
        self._services = services
        self._protocols = protocols
        self._job = job
        self._linger = linger
        self._numbers: dict[tuple[str, str], int] = {}

    def __getattr__(self, attribute: str) -> "_JobService":
        service = _service(self._services, attribute)
        bound = _JobService(service, self._protocols.get(attribute), attribute, self)
        setattr(self, attribute, bound)
        return bound

    def bound_value(self, name: str) -> Any:
        """A value that is no service, as it was given."""
        return _value(self._services, name)

    def _call(self, service: str, method: str) -> Call:
        number = self._numbers[service, method] = self._numbers.get((service, method), 0) + 1
        return Call(self._job, service, method, number)


class _JobService:
    # private by mangling: every other name may be a method of the service
    __slots__ = ("__attribute", "__owner", "__protocol", "__service")

    def __init__(
        self, service: Any, protocol: type | None, attribute: str, owner: JobServices
    ) -> None:
        self.__service = service
        self.__protocol = protocol
        self.__attribute = attribute
        self.__owner = owner

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        function = _method(self.__service, self.__attribute, method)
        service_name, method_name = source_names_of(self.__protocol, self.__attribute, method)
        return partial(self.__run, function, service_name, method_name)

    async def __call__(self, *args: Any, **named: Any) -> Any:
        """Call a service that is a function itself."""
        return await self.__getattr__("__call__")(*args, **named)

    async def __run(
        self, function: Callable[..., Any], service: str, method: str, /, *args: Any, **named: Any
    ) -> Any:
        token = entered_call.set(self.__owner._call(service, method))
        try:
            if is_coroutine_function(function):
                return await function(*args, **named)
            if runs_inline(function):
                result = function(*args, **named)
            else:
                thread = _Thread()
                try:
                    result = await asyncio.to_thread(thread.run, function, *args, **named)
                finally:
                    if thread.end.running():
                        self.__owner._linger(thread.end)
            return await result if inspect.isawaitable(result) else result
        finally:
            entered_call.reset(token)


class HookServices:
    """The services as a synchronous hook calls them; an async method is a clear error."""

    def __init__(self, services: Any) -> None:
        self._services = services

    def __getattr__(self, attribute: str) -> "_HookService":
        return _HookService(_service(self._services, attribute), attribute)

    def bound_value(self, name: str) -> Any:
        """A value that is no service, as it was given."""
        return _value(self._services, name)


class _HookService:
    def __init__(self, service: Any, attribute: str) -> None:
        self.__service = service
        self.__attribute = attribute

    def __getattr__(self, method: str) -> Callable[..., Any]:
        function = _method(self.__service, self.__attribute, method)

        def call(*args: Any, **named: Any) -> Any:
            result = None if is_coroutine_function(function) else function(*args, **named)
            if inspect.iscoroutine(result):
                result.close()
            elif not is_coroutine_function(function):
                return result
            what = self.__attribute if method == "__call__" else f"{self.__attribute}.{method}"
            raise ConduitError(
                f"{what} is an async function, and a synchronous hook would "
                "never run it: call it in @async, give the hook a plain function, or set "
                'connection = "async"'
            )

        return call

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Call a service that is a function itself."""
        return self.__getattr__("__call__")(*args, **named)


class AsyncHookServices:
    """The services as an asynchronous hook calls them: coroutines are awaited, functions called."""

    def __init__(self, services: Any) -> None:
        self._services = services

    def __getattr__(self, attribute: str) -> "_AsyncHookService":
        return _AsyncHookService(_service(self._services, attribute), attribute)

    def bound_value(self, name: str) -> Any:
        """A value that is no service, as it was given."""
        return _value(self._services, name)


class _AsyncHookService:
    def __init__(self, service: Any, attribute: str) -> None:
        self.__service = service
        self.__attribute = attribute

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        function = _method(self.__service, self.__attribute, method)

        async def call(*args: Any, **named: Any) -> Any:
            result = function(*args, **named)
            return await result if inspect.isawaitable(result) else result

        return call

    async def __call__(self, *args: Any, **named: Any) -> Any:
        """Call a service that is a function itself."""
        return await self.__getattr__("__call__")(*args, **named)


@lru_cache(maxsize=1024)
def source_names_of(protocol: type | None, attribute: str, method: str) -> tuple[str, str]:
    """A service and its method by their names in the source."""
    if protocol is None:
        return attribute, method
    if method == "__call__":
        return source_name(protocol), "call"
    declared = vars(protocol).get(method)
    return source_name(protocol), method if declared is None else source_name(declared)


def is_coroutine_function(function: Any) -> bool:
    """Whether a call gives a coroutine; also of an object with an async `__call__`."""
    code = getattr(function, "__code__", None)
    if code is not None and code.co_flags & inspect.CO_COROUTINE:
        return True  # what nearly all are, at a tenth of the cost of asking inspect
    while isinstance(function, partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004
    )


def runs_inline(function: Any) -> bool:
    """Whether a plain function says of itself that it never blocks (`runs_inline = True`)."""
    return getattr(function, "runs_inline", False) is True


def _service(services: Any, attribute: str) -> Any:
    service = getattr(services, attribute, None)
    if service is None:
        given = "no services were given" if services is None else "the services object lacks it"
        raise ServiceError(f'the service "{attribute}" is called, but {given}: pass services=…')
    return service


def _value(services: Any, name: str) -> Any:
    if not hasattr(services, name):
        given = "no services were given" if services is None else "the services object lacks it"
        raise ServiceError(f'the value "{name}" is read, but {given}: pass services=…')
    return getattr(services, name)


def _method(service: Any, attribute: str, method: str) -> Callable[..., Any]:
    if method == "__call__":
        if not callable(service):
            raise ServiceError(
                f'the service "{attribute}" is called as a function, but it is not callable'
            )
        return service  # type: ignore[no-any-return]
    function: Callable[..., Any] | None = getattr(service, method, None)
    if function is None:
        raise ServiceError(f'the service "{attribute}" has no method "{method}"')
    return function


class _Thread:
    """A call in a thread; `end` is running while it is, even if its caller no longer waits."""

    __slots__ = ("end",)

    def __init__(self) -> None:
        self.end: Future[None] = Future()

    def run(self, function: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
        """Make the call."""
        self.end.set_running_or_notify_cancel()
        try:
            with renewed():
                return function(*args, **named)
        except StopIteration as stop:  # a future cannot carry it
            raise RuntimeError("the service raised StopIteration") from stop
        finally:
            self.end.set_result(None)
