"""What the attempts of a runner have in common."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ...model.claimed import Claimed
from ...services.django_connections import renewed_in_loop, uses_django
from ..interfaces import OutcomeSink, RunnerHost
from .around import AroundHooks
from .execution import check_start
from .handler import Handler
from .handlers import HandlerRegistry
from .outcomes import Outcomes
from .threads import JobThreads

if TYPE_CHECKING:
    from ...telemetry.spans import JobTracer

Work = Coroutine[Any, Any, Any]
WhyStopped = Callable[[], BaseException | None]


class Environment:
    """The worker, the handlers, the hooks around them, and the sink of their outcomes.

    `suspects` is held while a job that may have killed its worker runs.
    """

    def __init__(
        self,
        host: RunnerHost,
        registry: HandlerRegistry,
        sink: OutcomeSink,
        threads: JobThreads,
        hooks: AroundHooks | None,
        tracer: "JobTracer | None",
    ) -> None:
        self.host = host
        self.registry = registry
        self.sink = sink
        self.outcomes = Outcomes(registry, sink, host)
        self.threads = threads
        self.hooks = (AroundHooks() if hooks is None else hooks) or None
        self.tracer = tracer
        self.suspects = asyncio.Lock()
        self._uses_django = False
        self.is_bare = False

    def look_for_django(self) -> None:
        """Check whether Django is loaded by now; `is_bare` if nothing runs around coroutines."""
        self._uses_django = uses_django()
        self.is_bare = not (self.hooks or self._uses_django)

    def services_of(self, handler: Handler) -> object:
        """The services as a handler gets them."""
        services = self.host.services
        return services if handler.is_generated else services.services

    def work(
        self,
        handler: Handler,
        function: Callable[[Any, Any], Any],
        context: object,
        given: object,
        jobs: Sequence[Claimed],
    ) -> Work:
        """The call of a handler's function for these jobs, with hooks and Django's connections.

        Awaiting it raises TooLate if the claims of the jobs are not fresh any more.
        """
        hooks = self.hooks
        if handler.is_async:
            work: Work = function(context, given)
            if hooks:
                work = hooks.around_coroutine(context, work)
            return renewed_in_loop(work, partial(check_start, jobs)) if self._uses_django else work
        if not hooks:
            return self.threads.call(function, context, given)
        work = self.threads.call(hooks.in_thread(function), context, given)
        return hooks.around_thread(context, work)
