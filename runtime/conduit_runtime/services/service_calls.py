"""Calling the application's services, from jobs and from hooks."""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import lru_cache, partial
from typing import Any

from ..model.calls import Call, CurrentJob, entered_call
from ..model.errors import QueueError
from ..model.text.names import source_name
from ..model.values import ConduitError
from .django_connections import call_plainly

Protocols = Mapping[str, type]
"""Attribute → generated Protocol of each service."""
Linger = Callable[[Future[None]], None]


class ServiceError(QueueError):
    """The given services are not those that the jobs call."""


class BoundServices:
    """The services as attributes; subclasses decide how methods are called."""

    def __init__(self, services: Any) -> None:
        self._services = services

    def __getattr__(self, attribute: str) -> "BoundService":
        service = getattr(self._services, attribute, None)
        if service is None:
            raise self._lacking(f'service "{attribute}" is called')
        bound = BoundService(partial(self._bind, service, attribute))
        setattr(self, attribute, bound)
        return bound

    def bound_value(self, name: str) -> Any:
        """The given value of an attribute that is no service."""
        if not hasattr(self._services, name):
            raise self._lacking(f'value "{name}" is read')
        return getattr(self._services, name)

    def _lacking(self, what: str) -> ServiceError:
        none = self._services is None
        given = "no services were given" if none else "the services object lacks it"
        return ServiceError(f"the {what}, but {given}: pass services=…")

    def _bind(self, service: Any, attribute: str, method: str) -> Callable[..., Any]:
        """The method of a service; the method of a function is `__call__`."""
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


class BoundService:
    """A service: `bind` returns each of its methods by name."""

    # private by mangling: every other name may be a method of the service
    __slots__ = ("__bind",)

    def __init__(self, bind: Callable[[str], Callable[..., Any]]) -> None:
        self.__bind = bind

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return self.__bind(method)

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Call a service that is a function itself."""
        return self.__bind("__call__")(*args, **named)


class JobServices(BoundServices):
    """The services as a job calls them: every method is awaited, however it is implemented.

    A coroutine function runs on the loop, a plain function in a thread. `linger` is called with
    a thread that runs on after its attempt was stopped. The call of a batch, without a `job`, has
    no idempotency key.
    """

    def __init__(
        self,
        services: Any,
        protocols: Protocols,
        job: CurrentJob | None,
        linger: Linger | None = None,
    ) -> None:
        super().__init__(services)
        self._protocols = protocols
        self._job = job
        self._linger = linger
        self._numbers: dict[tuple[str, str], int] = {}

    def _bind(self, service: Any, attribute: str, method: str) -> Callable[..., Any]:
        function = super()._bind(service, attribute, method)
        names = source_names_of(self._protocols.get(attribute), attribute, method)
        return partial(self._run, function, names)

    async def _run(
        self, function: Callable[..., Any], names: tuple[str, str], /, *args: Any, **named: Any
    ) -> Any:
        token = None
        if self._job is not None:
            number = self._numbers[names] = self._numbers.get(names, 0) + 1
            token = entered_call.set(Call(self._job, *names, number))
        try:
            if is_coroutine_function(function):
                return await function(*args, **named)
            call = partial(function, *args, **named)
            result = call() if runs_inline(function) else await self._in_thread(call)
            return await result if inspect.isawaitable(result) else result
        finally:
            if token is not None:
                entered_call.reset(token)

    async def _in_thread(self, call: Callable[[], Any]) -> Any:
        end: Future[None] = Future()  # running while the call is, even if nothing awaits it

        def run() -> Any:
            end.set_running_or_notify_cancel()
            try:
                return call_plainly(call)
            finally:
                end.set_result(None)

        try:
            return await asyncio.to_thread(run)
        finally:
            if self._linger is not None and end.running():
                self._linger(end)


class HookServices(BoundServices):
    """The services as a synchronous hook calls them; calling an async method is an error."""

    def _bind(self, service: Any, attribute: str, method: str) -> Callable[..., Any]:
        function = super()._bind(service, attribute, method)

        def call(*args: Any, **named: Any) -> Any:
            result = None if is_coroutine_function(function) else function(*args, **named)
            if inspect.iscoroutine(result):
                result.close()
            elif not is_coroutine_function(function):
                return result
            what = attribute if method == "__call__" else f"{attribute}.{method}"
            raise ConduitError(
                f"{what} is an async function, and a synchronous hook cannot "
                "run it: call it in @async, give the hook a plain function, or set "
                'connection = "async"'
            )

        return call


class AsyncHookServices(BoundServices):
    """The services as an asynchronous hook calls them: coroutines are awaited, functions called."""

    def _bind(self, service: Any, attribute: str, method: str) -> Callable[..., Any]:
        function = super()._bind(service, attribute, method)

        async def call(*args: Any, **named: Any) -> Any:
            result = function(*args, **named)
            return await result if inspect.isawaitable(result) else result

        return call


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
    """Whether a call returns a coroutine, also for an object with an async `__call__`."""
    code = getattr(function, "__code__", None)
    if code is not None and code.co_flags & inspect.CO_COROUTINE:
        return True  # nearly all are, and this costs a tenth of asking inspect
    while isinstance(function, partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004
    )


def runs_inline(function: Any) -> bool:
    """Whether a plain function says of itself that it never blocks (`runs_inline = True`)."""
    return getattr(function, "runs_inline", False) is True
