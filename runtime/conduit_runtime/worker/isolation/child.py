"""A child: runs the jobs that its worker sends, until the worker ends it."""

import asyncio
import contextlib
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from ...model.claimed import Claimed
from ...model.errors import QueueError
from ...services.loading import entered
from ...services.references import blamed
from ..interfaces import OutcomeSink
from ..run.around import AroundHooks
from ..run.environment import Environment, JobThreads
from ..run.execution import Execution
from ..run.handlers import HandlerRegistry
from ..run.job_runs import JobRuns
from ..run.outcomes import Outcomes
from .child_host import ChildHost, Kept, Requests
from .crossing import arrived, handler_arrived, import_program, importing
from .leftovers import Leftovers
from .log_records import forward_records
from .memory import MemoryLimit, explained, has_grown
from .messages import (
    NO_MEMORY,
    Answer,
    Done,
    End,
    Heeded,
    Key,
    Pipe,
    Ready,
    Run,
    Setup,
    Stop,
    key_of,
)

_SLOTS = 2
"""Threads of a child, of which one runs its job: that it outlives its attempt is no surprise."""

_THREADS = 32
"""Threads of plain services, at least, where several jobs run at once; each starts when needed."""


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
            if setup.concurrency > 1:
                threads = ThreadPoolExecutor(max(_THREADS, setup.concurrency), "conduit-service")
                asyncio.get_running_loop().set_default_executor(threads)
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

    def __init__(self, registry: HandlerRegistry, sink: OutcomeSink, host: ChildHost) -> None:
        super().__init__(registry, sink, host)
        self._raised: dict[Claimed, tuple[float | None, BaseException]] = {}

    def settle(self, job: Claimed, started: float | None, error: BaseException) -> None:
        """Keep the exception with which an attempt ended."""
        self._raised[job] = started, error

    def decide(self, job: Claimed, memory: int | None) -> bool:
        """Hand on the outcome of an attempt, if it ended with an exception.

        Returns whether it ran out of the memory of this process.
        """
        if job not in self._raised:
            return False
        started, error = self._raised.pop(job)
        told = explained(error, memory)
        super().settle(job, started, told)
        return told is not error


@dataclass(slots=True)
class Running:
    """A job that runs in this process, with its task."""

    message: Run
    task: asyncio.Task[None] | None = None
    execution: Execution | None = None
    stop: BaseException | None = None


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
        self._limit = MemoryLimit()
        self._running: dict[Key, Running] = {}
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
        except MemoryError:
            os._exit(NO_MEMORY)  # else a job would wait for ever

    def _on_message(self, message: Any) -> None:
        try:
            self._obey(message)
        except MemoryError:
            os._exit(NO_MEMORY)

    def _obey(self, message: Any) -> None:
        match message:
            case Run():
                running = self._running[key_of(message.job)] = Running(message)
                running.task = self._loop.create_task(self._attempt(running), name="conduit job")
                if not message.is_alone:
                    self._pipe.send(Heeded(key_of(message.job), is_stop=False))
            case Stop(key, reason):
                if (stopped := self._running.get(key)) is not None:
                    stopped.stop = reason
                    if stopped.execution is not None:
                        stopped.execution.stop(reason)
                self._pipe.send(Heeded(key, is_stop=True))
            case Answer():
                self._requests.on_answer(message)
            case End():
                self._end.set_result(None)

    async def _attempt(self, running: Running) -> None:
        """Run a job to its end, until no thread of it is left, and send its outcome."""
        message = running.message
        message.job.start_by = float("inf")
        self._limit.set(message.memory)
        work = self._loop.create_task(self._run(running, message.job))
        await asyncio.wait([work])
        self._pipe.check()
        running.execution = None
        while self._threads.usable < _SLOTS:
            self._free.clear()
            await self._free.wait()
        if message.is_alone or running.stop is not None:
            await self._host.is_quiet.wait()
        self._end_attempt(message)

    def _end_attempt(self, message: Run) -> None:
        del self._running[key_of(message.job)]
        self._limit.set(None)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        is_spent = self._outcomes.decide(message.job, message.memory)
        is_spent |= has_grown(message.memory)
        if not self._running:
            is_spent |= not self._leftovers.clear()
        ended = replace(self._kept.taken(message.job), is_spent=is_spent)
        self._pipe.send(Done(key_of(message.job), ended))
        if self._running:  # by jobs of the same type
            self._limit.set(message.memory)

    async def _run(self, running: Running, job: Claimed) -> None:
        message = running.message
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
        execution = running.execution = Execution(job, task)
        begun = self._runs.begin(job, task, execution)
        if begun is not None:
            if running.stop is not None:
                execution.stop(running.stop)
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
