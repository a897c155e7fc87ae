"""The worker's end of a child: sends it a job, answers its questions, stops and kills it."""

import asyncio
import pickle
import signal
import socket
from collections.abc import Callable
from dataclasses import fields
from typing import Any, NamedTuple, Self
from uuid import UUID

from ...job_types.isolation import Isolation, size_text
from ...model.attempts.interruptions import Shutdown
from ...model.claimed import Claimed
from ...model.errors import JobLost, ProcessDied, QueueError
from ...model.workers.child_counts import ChildCounts
from ...statements.steps import Record, Wait
from ...trace_context.headers import present_trace
from ..interfaces import RunnerHost
from ..run.isolated_runs import Ended
from .exits import CLOSED, counted_as, how
from .last_commit import has_committed
from .log_records import write_record
from .messages import (
    LENGTH,
    Answer,
    Ask,
    End,
    Ends,
    Logged,
    Ready,
    Run,
    Setup,
    Stop,
    frame,
    length_of,
)
from .nursery_process import Begun, Exit, NurseryProcess

_UNREAD = 0.2
"""Seconds after the end of a child in which its last messages are read."""
_EXIT = 1.0
"""Seconds until a child that has closed its pipe is killed."""
_LEAVE = 5.0
"""Seconds that a child gets to leave its services."""


class Assignment(NamedTuple):
    """A job for a child, with its handler as it crosses; `why_stopped` says why it is stopped."""

    job: Claimed
    handler: bytes
    isolation: Isolation
    host: RunnerHost
    why_stopped: Callable[[], BaseException | None]


class ChildProcess:
    """A child, which runs one job at a time. All methods belong to the worker's loop."""

    def __init__(
        self,
        nursery: NurseryProcess,
        begun: Begun,
        counts: ChildCounts,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._nursery = nursery
        self._writer = writer
        self._pid, self._exited = begun
        self._counts = counts
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[Ended] | None = None
        self._given: Assignment | None = None
        self._answering: set[asyncio.Task[None]] = set()
        self._last_logged: str | None = None
        self._ends: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.jobs = 0
        """The jobs that it has run."""
        self.is_spent = False
        """Whether it can or should run no further job."""
        self.idle_since = 0.0
        """The monotonic time since which it has no job."""
        counts.alive += 1
        self._exited.add_done_callback(self._on_exit)
        self._reading = asyncio.create_task(self._read(reader), name="conduit child")

    @classmethod
    async def started(cls, nursery: NurseryProcess, setup: Setup, counts: ChildCounts) -> Self:
        """Start a child, and wait until it has entered its services.

        Raises QueueError if it cannot, ProcessDied if it dies.
        """
        ours, theirs = socket.socketpair()
        try:
            begun = await nursery.begin(theirs)
        except BaseException:
            ours.close()
            raise
        child = cls(nursery, begun, counts, *await asyncio.open_unix_connection(sock=ours))
        child._send(setup)
        try:
            await child._ready
        except BaseException:
            child.kill()
            raise
        return child

    async def attempt(self, given: Assignment) -> Ended:
        """Run a job to its end, as `isolated_runs.Child` says it."""
        job, host = given.job, given.host
        self._ends = None
        try:
            ended = await self._attempt(given)
        except (ProcessDied, asyncio.CancelledError):
            if self._ends is None or not await has_committed(self._ends, host):
                raise
        else:
            if ended.advancing is not None or self._ends is None:
                return ended
            if not await has_committed(self._ends, host):
                return ended
        return Ended(True, advancing=() if job.flow is None else (job.id,))

    async def _attempt(self, given: Assignment) -> Ended:
        self.jobs += 1
        self._given, self._last_logged = given, None
        memory = given.isolation.memory
        ended = self._ended = self._loop.create_future()
        self._send(Run(_without_limits(given.job), given.handler, memory, present_trace()))
        try:
            return await asyncio.shield(ended)
        except asyncio.CancelledError:
            reason, seconds = given.why_stopped() or Shutdown(), given.isolation.kill_after
            if isinstance(reason, Shutdown):  # there has to be time to write the outcome
                seconds = min(seconds, given.host.timing.cancelling / 2)
            return await self._stop(ended, reason, seconds)
        except ProcessDied as died:
            self._counts.ended["died"] += 1
            if memory is not None:
                limit = size_text(memory)
                raise ProcessDied(f"{died}; its memory is limited to {limit}") from None
            raise
        finally:
            self._given = None

    async def _stop(
        self, ended: "asyncio.Future[Ended]", reason: BaseException, seconds: float
    ) -> Ended:
        self._send(Stop(reason))
        self._nursery.signal(self._pid, signal.SIGTERM)
        timer = self._loop.call_later(seconds, self.kill)
        try:
            outcome = await asyncio.shield(ended)
        except ProcessDied:
            self._counts.ended[counted_as(reason)] += 1
            raise asyncio.CancelledError from None
        except asyncio.CancelledError:
            self.kill()
            raise
        finally:
            timer.cancel()
        is_late = isinstance(reason, TimeoutError) and outcome.outcome is not None
        if is_late or outcome.advancing is not None:  # completed and committed just before
            return outcome
        raise asyncio.CancelledError

    def end(self) -> None:
        """Let it leave its services and exit; kill it if that takes long."""
        self.is_spent = True
        self._send(End())
        self._timer = self._loop.call_later(_LEAVE, self.kill)

    def kill(self) -> None:
        """Kill it, and what its jobs have started."""
        self.is_spent = True
        if not self._exited.done():
            self._nursery.signal(self._pid, signal.SIGKILL)

    @property
    def gone(self) -> "asyncio.Task[None]":
        """The task that ends with it."""
        return self._reading

    def _send(self, message: object) -> None:
        self._writer.write(frame(message))

    def _on_exit(self, exited: "asyncio.Future[Exit]") -> None:
        self.is_spent = True
        self._counts.alive -= 1
        if self._timer is not None:
            self._timer.cancel()
        # Something that a job has started may hold the other end.
        self._loop.call_later(_UNREAD, self._writer.transport.abort)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        problem = ""
        try:
            while True:
                length = length_of(await reader.readexactly(LENGTH.size))
                self._on_message(pickle.loads(await reader.readexactly(length)))  # noqa: S301
        except (asyncio.IncompleteReadError, OSError):
            await asyncio.wait([self._exited], timeout=_EXIT)
            if not self._exited.done() and not self.is_spent:
                problem = CLOSED
        except Exception as error:
            problem = f"sent its worker what it cannot read ({type(error).__name__})"
        self.kill()
        exit_ = await asyncio.shield(self._exited)
        self._writer.transport.abort()
        died = ProcessDied(self._death(problem or how(exit_), exit_))
        for future in (self._ready, self._ended):
            if future is not None and not future.done():
                future.set_exception(died)
                future.exception()  # nothing may wait for it
        for task in self._answering:
            task.cancel()

    def _death(self, what: str, exit_: Exit) -> str:
        held = f", holding {size_text(exit_.memory)} at most" if exit_.memory else ""
        logged = f"; it last logged: {self._last_logged}" if self._last_logged else ""
        return f"the process of the job {what}{held}{logged}"

    def _on_message(self, message: Any) -> None:
        match message:
            case Ready(None):
                self._ready.set_result(None)
            case Ready(problem):
                self._ready.set_exception(QueueError(problem))
            case Logged():
                self._last_logged = message.text
                write_record(message, None if self._given is None else self._given.job)
            case Ends():
                self._ends = message.transaction
            case Ask():
                task = self._loop.create_task(self._answer(message), name="conduit answer")
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)
            case Ended():
                self.is_spent |= message.is_spent
                if self._ended is not None and not self._ended.done():
                    self._ended.set_result(message)

    async def _answer(self, ask: Ask) -> None:
        try:
            answer = Answer(ask.number, await self._asked(ask.what, ask.job, ask.arguments))
            data = frame(answer)
        except Exception as error:
            data = _failed(ask.number, error)
        if ask.number and not self._exited.done():
            self._writer.write(data)

    async def _asked(self, what: str, id_: UUID, arguments: tuple[Any, ...]) -> Any:
        if self._given is None or self._given.job.id != id_:
            raise JobLost(f"job {id_} is no longer held")
        job, host = self._given.job, self._given.host
        match what:
            case "progress":
                return await host.progress(job, *arguments)
            case "used":
                return await host.used(job, *arguments)
            case "results":
                return await host.results_before(job)
            case "read":
                return await host.steps(job).read(job)
            case "store":
                return await host.steps(job).store(Record(job, *arguments))
            case "wait":
                return await host.steps(job).wait(Wait(job, *arguments))
            case "lose":
                return host.steps(job).lose(job)
        raise QueueError(f"a job cannot ask for {what!r}")


def _failed(number: int, error: Exception) -> bytes:
    try:
        data = frame(Answer(number, None, error))
        pickle.loads(data[LENGTH.size :])  # noqa: S301
    except Exception:
        return frame(Answer(number, None, QueueError(f"{type(error).__name__}: {error}")))
    return data


_FIELDS = [each.name for each in fields(Claimed) if each.init]


def _without_limits(job: Claimed) -> Claimed:
    """The job as a child gets it: its worker has written its start, and ends it in time."""
    copy = Claimed(*(getattr(job, name) for name in _FIELDS))
    copy.timeout = copy.expires = None
    copy.rescues = 0
    return copy
