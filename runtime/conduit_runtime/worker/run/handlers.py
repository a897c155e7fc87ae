"""The handlers of a pool."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar, Unpack

from ...job_types.description.describe import Describer, describe_function
from ...job_types.isolation import Isolation
from ...job_types.job_type import JobType
from ...model.attempts.retry import DEFAULT_POLICY, RetryPolicy
from ...model.claimed import Claimed
from ...model.errors import NoHandler, QueueError
from ...model.lanes import Lane, readers
from ...model.package import retired_types
from ...model.payload import check_name
from ...model.queues.controls import SourceLimits
from ...model.text.logs import get_logger
from ...model.type_description import DescribedType
from ..interfaces import Registry
from .handler import WAIT, Batching, Handler, HandlerOptions

_log = get_logger("conduit.worker")

F = TypeVar("F", bound=Callable[..., Any])


class HandlerRegistry(Registry):
    """The handlers of a pool, by type."""

    def __init__(self) -> None:
        self.by_type: dict[str, Handler] = {}
        self._batched: dict[str, Batching] = {}
        self.max_attempts: dict[str, int] = {}
        """The attempts of types whose handlers say how many their jobs have."""
        self.isolated: dict[str, Isolation] = {}
        """The types whose jobs run in processes of their own."""
        self._isolates_plain = False

    def handler(self, type: str, **options: Unpack[HandlerOptions]) -> Callable[[F], F]:
        """Decorator: `register` a plain function or a coroutine function for a type."""
        check_name(type, "type")  # here, since `@pool.handler` without a type decorates nothing

        def decorate(function: F) -> F:
            self.register(type, function, **options)
            return function

        return decorate

    def batch_handler(
        self,
        type: str,
        *,
        size: int,
        wait: float | timedelta = WAIT,
        **options: Unpack[HandlerOptions],
    ) -> Callable[[F], F]:
        """Decorator: run up to `size` jobs of a type by one call of a function.

        A job waits at most `wait` for others. The options are those of `register`, for each job.
        """
        batching = Batching.checked(size, wait)

        def decorate(function: F) -> F:
            self.register(type, function, batching=batching, **options)
            return function

        return decorate

    def register(
        self,
        type: str,
        function: Callable[[Any, Any], Any],
        *,
        batching: Batching | None = None,
        **options: Unpack[HandlerOptions],
    ) -> None:
        """Run the jobs of a type by `function(context, payload)`; replaces an earlier handler.

        With `batching`, the call is `function(context, jobs)`.
        """
        self.add(Handler.of_function(type, function, batching, **options))

    def register_job_types(self, job_types: Iterable[JobType[Any, Any]]) -> None:
        """Register generated job types. Raises QueueError when two packages share a type's name."""
        for job_type in job_types:
            handler = Handler.of_job_type(job_type)
            for name in (job_type.name, *job_type.was):
                known = self.by_type.get(name)
                if known is not None and known.function is not job_type.function:
                    raise QueueError(
                        f"two job types are called {name}, in {known.function.__module__} and in "
                        f"{job_type.function.__module__}: set `prefix` in the configuration of one"
                    )
                self.add(replace(handler, type=name))

    def add(self, handler: Handler) -> None:
        """Add a handler; it replaces an earlier handler of its type."""
        self.by_type[handler.type] = handler
        if handler.batching is not None:
            self._batched[handler.type] = handler.batching
        else:
            self._batched.pop(handler.type, None)
        if handler.max_attempts is not None:
            self.max_attempts[handler.type] = handler.max_attempts
        else:
            self.max_attempts.pop(handler.type, None)
        isolation = handler.rules.isolation
        if isolation is None and self._isolates_plain and _is_plain(handler):
            isolation = Isolation()
        if isolation is not None:
            self.isolated[handler.type] = isolation
        else:
            self.isolated.pop(handler.type, None)

    def isolate_plain(self) -> None:
        """Run the jobs of plain functions in processes of their own, except those of batches."""
        self._isolates_plain = True
        for handler in self:
            self.add(handler)

    @property
    def batched(self) -> Mapping[str, Batching]:
        return self._batched

    def queues(self) -> list[str]:
        """The queues that handlers name."""
        return [*dict.fromkeys(each.queue for each in self if each.queue is not None)]

    def check_attempt(self, job: Claimed) -> None:
        """Raise QueueError if a job has no attempt left by its handler: its worker died.

        What made it due again knew only its row.
        """
        if job.type in self.max_attempts and job.attempts > job.max_attempts:
            raise QueueError(f"the worker died in attempt {job.max_attempts}, the last")

    def get(self, type: str) -> Handler:
        """The handler of a type. Raises NoHandler, naming the types that have one."""
        try:
            return self.by_type[type]
        except KeyError:
            known = ", ".join(sorted(self.by_type)) or "none"
            raise NoHandler(
                f"no handler is registered for {type!r} (known types: {known})"
            ) from None

    def policy(self, type: str) -> RetryPolicy:
        """The retry policy of a type; the usual policy for a type without a handler."""
        handler = self.by_type.get(type)
        return DEFAULT_POLICY if handler is None else handler.rules.policy

    def types(self) -> list[str]:
        """The job types that have a handler."""
        return [*self.by_type]

    def retired(self) -> Collection[str]:
        """The types that the packages of its job types had, and whose jobs no handler runs."""
        modules = {each.job_type.__module__ for each in self if each.job_type is not None}
        packages = {module.rpartition(".")[0] for module in modules}
        had = frozenset[str]().union(*map(retired_types, packages - {""}))
        return had - self.by_type.keys()

    def lanes(self) -> list[Lane]:
        """Every (type, fingerprint) that can be run; the empty fingerprint is always among them."""
        lanes: list[Lane] = []
        for handler in self:
            shapes = dict.fromkeys(("", handler.fingerprint or "", *handler.upcasts))
            lanes += [(handler.type, shape) for shape in shapes]
        return lanes

    def descriptions(self) -> list[DescribedType]:
        """The types' descriptions for the dashboard, except of types that cannot be described."""
        describer = Describer()
        found: list[DescribedType] = []
        for each in self:
            try:
                if each.job_type is None:
                    shapes = [describe_function(each.type, each.function, each.max_attempts)]
                else:
                    shapes = [*describer.describe(each.job_type, each.type)]
                if self._keeps_threads(each):
                    shapes = [_keeping_threads(shape) for shape in shapes]
                found += shapes
            except Exception:  # code of an application may raise anything
                _log.warning("the dashboard will not know the type %s", each.type, exc_info=True)
        return found

    def _keeps_threads(self, handler: Handler) -> bool:
        is_in_thread = not handler.is_async and handler.type not in self.isolated
        return is_in_thread and handler.rules.timeout is None

    def limits(self) -> dict[str, SourceLimits]:
        return {each.type: each.rules.limits for each in self if each.rules.limits is not None}

    def may_read(self, lane: Lane) -> bool:
        """Whether a type has a handler that has not found jobs of this lane unreadable."""
        handler = self.by_type.get(lane[0])
        return handler is not None and handler.reader not in readers(lane[1])

    def __contains__(self, type: object) -> bool:
        return type in self.by_type

    def __iter__(self) -> Iterator[Handler]:
        return iter([*self.by_type.values()])  # another thread may register a handler

    def __len__(self) -> int:
        return len(self.by_type)


def _keeping_threads(shape: DescribedType) -> DescribedType:
    return replace(shape, description=replace(shape.description, keeps_threads=True))


def _is_plain(handler: Handler) -> bool:
    return not handler.is_async and handler.batching is None
