"""A child: runs one job at a time, which its worker sends, until the worker ends it."""

import asyncio
import contextlib
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ...model.claimed import Claimed
from ...model.errors import QueueError
from ...services.loading import entered
from ...services.references import blamed
from ..run.around import AroundHooks
from ..run.environment import Environment, JobThreads
from ..run.execution import Execution
from ..run.handlers import HandlerRegistry
from ..run.isolated_runs import Ended
from ..run.job_runs import JobRuns
from ..run.outcomes import Outcomes
from .child_host import ChildHost, Kept, Requests
from .crossing import arrived, handler_arrived, import_program, importing
from .leftovers import Leftovers
from .log_records import forward_records
from .memory import explained, has_grown, limited
from .messages import Answer, End, Pipe, Ready, Run, Setup, Stop

_SLOTS = 2
"""Threads of a child, of which one runs its job: that it outlives its attempt is no surprise."""


def serve(pipe: Pipe, setup: Setup) -> None:
    """Run jobs until the worker says `End`; ends the process if the worker has gone."""
    os.register_at_fork(after_in_child=pipe.leave)
    forward_records(pipe, setup.levels)
    try:
        with importing():
            import_program(setup.preparation.main)
            for name in setup.preparation.modules:
                importlib.import_module(name)
            job_types = [arrived(each) for each in setup.job_types]
            services = arrived(setup.services)
            hooks = AroundHooks([arrived(each) for each in setup.hooks])
    except QueueError as error:
        pipe.send(Ready(str(error)))
        return
    except Exception as error:
        pipe.send(Ready(f"an import fails in a process of its own: {blamed(error)}"))
        return
    try:
        asyncio.run(_serve(pipe, setup, services, job_types, hooks))
    finally:
        pipe.check()  # a job that has closed it has closed what the loop waits for, too


async def _serve(
    pipe: Pipe, setup: Setup, services: Any, job_types: list[Any], hooks: AroundHooks
) -> None:
    try:
        async with entered(services, job_types) as prepared:
            requests = Requests(pipe)
            host = ChildHost(setup, prepared, requests)
            child = Child(pipe, host, requests, hooks)
            pipe.send(Ready(None))
            await child.run()
            await host.close()
    except QueueError as error:
        pipe.send(Ready(str(error)))


class ChildOutcomes(Outcomes):
    """Decides the outcomes of attempts, once nothing of an attempt runs any more.

    A process that is killed before has decided nothing. Its worker does it then.
    """

    memory: int | None = None
    """The most bytes of this process."""
    is_spent = False
    """Whether the last attempt ran out of memory."""
    _raised: tuple[Claimed, float | None, BaseException] | None = None

    def settle(self, job: Claimed, started: float | None, error: BaseException) -> None:
        """Keep the exception with which an attempt ended."""
        self._raised = job, started, error

    def decide(self) -> None:
        """Hand on the outcome of the attempt, if it ended with an exception."""
        raised, self._raised = self._raised, None
        if raised is not None:
            job, started, error = raised
            told = explained(error, self.memory)
            self.is_spent = told is not error
            super().settle(job, started, told)


class Child:
    """Runs the jobs that come over the pipe."""

    def __init__(self, pipe: Pipe, host: ChildHost, requests: Requests, hooks: AroundHooks) -> None:
        self._pipe = pipe
        self._host = host
        self._requests = requests
        self._loop = asyncio.get_running_loop()
        self._registry = HandlerRegistry()
        self._kept = Kept()
        self._threads = JobThreads(_SLOTS, self._on_free)
        self._leftovers = Leftovers()
        self._free = asyncio.Event()
        environment = Environment(host, self._registry, self._kept, self._threads, hooks, None)
        environment.outcomes = self._outcomes = ChildOutcomes(self._registry, self._kept, host)
        self._environment = environment
        self._runs = JobRuns(environment)
        self._handlers: dict[str, bytes] = {}
        self._task: asyncio.Task[None] | None = None
        self._execution: Execution | None = None
        self._stop: BaseException | None = None
        self._end: asyncio.Future[None] = self._loop.create_future()

    async def run(self) -> None:
        """Run until the worker says `End`."""
        threading.Thread(target=self._receive, name="conduit-pipe", daemon=True).start()
        await self._end
        self._threads.close()

    def _receive(self) -> None:
        """Read the pipe in a thread of its own, since a coroutine may block the loop."""
        try:
            while True:
                message = self._pipe.receive()
                self._loop.call_soon_threadsafe(self._on_message, message)
                if isinstance(message, End):
                    return
        except (EOFError, OSError):
            os.killpg(0, signal.SIGKILL)  # the worker has gone, and others have the job

    def _on_message(self, message: Any) -> None:
        match message:
            case Run():
                self._stop = None
                self._task = self._loop.create_task(self._attempt(message), name="conduit job")
            case Stop(reason):
                self._stop = reason
                if self._execution is not None:
                    self._execution.stop(reason)
            case Answer():
                self._requests.on_answer(message)
            case End():
                self._end.set_result(None)

    async def _attempt(self, message: Run) -> None:
        """Run a job to its end, until no thread of it is left, and send its outcome."""
        self._kept.ended = Ended()
        self._outcomes.memory, self._outcomes.is_spent = message.memory, False
        job = message.job
        job.start_by = float("inf")
        with limited(message.memory):
            work = self._loop.create_task(self._run(message, job))
            await asyncio.wait([work])
            self._pipe.check()
            self._execution = None
            while self._threads.usable < _SLOTS:
                self._free.clear()
                await self._free.wait()
            await self._host.is_quiet.wait()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        self._outcomes.decide()
        is_whole = self._leftovers.clear()
        is_spent = self._outcomes.is_spent or has_grown(message.memory) or not is_whole
        self._pipe.send(replace(self._kept.ended, is_spent=is_spent))

    async def _run(self, message: Run, job: Claimed) -> None:
        if message.trace is not None:
            from ...trace_context.propagation import enter

            enter(message.trace)
        try:
            if self._handlers.get(job.type) != message.handler:
                handler = handler_arrived(message.handler)
                if not handler.is_async:
                    handler = replace(handler, function=self._checked(handler.function))
                self._registry.add(handler)
                self._handlers[job.type] = message.handler
        except BaseException as error:
            self._environment.outcomes.settle(job, None, error)
            return
        self._environment.look_for_django()
        task = asyncio.current_task()
        assert task is not None
        execution = self._execution = Execution(job, task)
        begun = self._runs.begin(job, task, execution)
        if begun is not None:
            if self._stop is not None:
                execution.stop(self._stop)
            await self._runs.finish(execution)

    def _checked(self, function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """A plain handler whose thread checks the pipe: the loop may hear nothing any more."""

        def call(context: Any, payload: Any) -> Any:
            try:
                return function(context, payload)
            finally:
                self._pipe.check()

        return call

    def _on_free(self) -> None:
        self._free.set()
