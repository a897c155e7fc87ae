"""Calling the application's services, from jobs and from hooks."""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import cache, lru_cache, partial
from operator import attrgetter
from typing import Any

from ..model.calls import entered_call, entered_job
from ..model.claimed import Claimed
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
        self._service(attribute)
        bound = BoundService(cache(partial(self._bind, attribute)))
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

    def _bind(self, attribute: str, method: str) -> Callable[..., Any]:
        """What calls a method of a service; the method of a function is `__call__`."""
        raise NotImplementedError

    def _service(self, attribute: str) -> Any:
        service = getattr(self._services, attribute, None)
        if service is None:
            raise self._lacking(f'service "{attribute}" is called')
        return service

    def _function(self, attribute: str, method: str) -> Callable[..., Any]:
        service = self._service(attribute)
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

    def __init__(self, bind: Callable[[str], Callable[..., Any]]) -> None:
        # private by mangling: every other name may be a method of the service
        self.__bind = bind

    def __getattr__(self, method: str) -> Callable[..., Any]:
        bound = self.__bind(method)
        setattr(self, method, bound)
        return bound

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Call a service that is a function itself."""
        return self.__bind("__call__")(*args, **named)


class JobServices(BoundServices):
    """The services as jobs call them: every method is awaited, however it is implemented.

    A coroutine function runs on the loop, a plain function in a thread. `linger` is called with
    a thread that runs on after its attempt was stopped. The calls are those of `job` or, without
    it, of the job that runs where the call is made; the calls of a batch have no idempotency key.
    """

    def __init__(
        self,
        services: Any,
        protocols: Protocols,
        linger: Linger | None = None,
        job: Claimed | None = None,
    ) -> None:
        super().__init__(services)
        self._protocols = protocols
        self._linger = linger
        self._job = job

    def _bind(self, attribute: str, method: str) -> Callable[..., Any]:
        names = source_names_of(self._protocols.get(attribute), attribute, method)
        services, own = self._services, self._job
        # An attribute may be a property, so it is read at each call.
        find = attrgetter(attribute if method == "__call__" else f"{attribute}.{method}")

        async def call(*args: Any, **named: Any) -> Any:
            job = own or entered_job.get(None)
            token = None
            if isinstance(job, Claimed):
                if job.calls is None:  # most jobs call once
                    number, job.calls = 1, {names: 1}
                else:
                    number = job.calls[names] = job.calls.get(names, 0) + 1
                token = entered_call.set((job, names, number))
            try:
                try:
                    function = find(services)
                except AttributeError:
                    function = None
                if not callable(function):
                    function = self._function(attribute, method)  # says what is missing
                if is_coroutine_function(function):
                    return await function(*args, **named)
                plain = partial(function, *args, **named)
                result = plain() if runs_inline(function) else await self._in_thread(plain)
                return await result if inspect.isawaitable(result) else result
            finally:
                if token is not None:
                    entered_call.reset(token)

        return call

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


def called_by(job: Claimed, services: Any) -> Any:
    """The same services, whose calls are those of this job of a batch."""
    if not isinstance(services, JobServices):
        return services
    return JobServices(services._services, services._protocols, services._linger, job)


class HookServices(BoundServices):
    """The services as a synchronous hook calls them; calling an async method is an error."""

    def _bind(self, attribute: str, method: str) -> Callable[..., Any]:
        function = self._function(attribute, method)

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

    def _bind(self, attribute: str, method: str) -> Callable[..., Any]:
        function = self._function(attribute, method)

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
