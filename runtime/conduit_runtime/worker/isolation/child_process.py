"""The worker's end of a child: sends it jobs, answers their questions, stops and kills it."""

import asyncio
import pickle
import signal
import socket
from typing import Any, Self

from ...job_types.isolation import size_text
from ...model.attempts.interruptions import Shutdown
from ...model.errors import ProcessDied, QueueError
from ...model.text.logs import get_logger
from ...model.workers.child_counts import ChildCounts
from ..run.isolated_runs import Ended
from .answers import answered
from .assigned_job import AssignedJob, Assignment
from .exits import CLOSED, counted_as, how
from .last_commit import has_committed
from .log_records import write_record
from .messages import (
    LENGTH,
    Ask,
    Done,
    End,
    Ends,
    Heeded,
    Key,
    Logged,
    Ready,
    Setup,
    Stop,
    frame,
    length_of,
)
from .nursery_process import Begun, Exit, NurseryProcess

_log = get_logger("conduit.worker")

_UNREAD = 0.2
"""Seconds after the end of a child in which its last messages are read."""
_EXIT = 1.0
"""Seconds until a child that has closed its pipe is killed."""
_LEAVE = 5.0
"""Seconds that a child gets to leave its services."""


class ChildProcess:
    """A child, which runs jobs. All methods belong to the worker's loop."""

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
        self._jobs: dict[Key, AssignedJob] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._unending: AssignedJob | None = None
        self.jobs = 0
        """The jobs that it was lent for, so far."""
        self.holders = 0
        """The jobs that it is lent for now."""
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
        job = AssignedJob(given)
        try:
            ended = await self._attempt(job)
        except (ProcessDied, Shutdown, asyncio.CancelledError):
            if job.transaction is None or not await has_committed(job.transaction, given.host):
                raise
        else:
            if ended.advancing is not None or job.transaction is None:
                return ended
            if not await has_committed(job.transaction, given.host):
                return ended
        return Ended(True, advancing=() if given.job.flow is None else (given.job.id,))

    async def _attempt(self, job: AssignedJob) -> Ended:
        self._jobs[job.key] = job
        self._send(job.run())
        try:
            return await asyncio.shield(job.ended)
        except asyncio.CancelledError:
            return await self._stop(job)
        finally:
            del self._jobs[job.key]

    async def _stop(self, job: AssignedJob) -> Ended:
        seconds = job.stop_within()
        assert job.stopped_by is not None
        self._send(Stop(job.key, job.stopped_by))
        if len(self._jobs) == 1:
            self._nursery.signal(self._pid, signal.SIGTERM)
        timer = self._loop.call_later(seconds, self._give_up, job)
        try:
            outcome = await asyncio.shield(job.ended)
        except (ProcessDied, Shutdown):
            raise asyncio.CancelledError from None
        except asyncio.CancelledError:
            self._give_up(job)
            raise
        finally:
            timer.cancel()
        is_late = isinstance(job.stopped_by, TimeoutError) and outcome.outcome is not None
        if is_late or outcome.advancing is not None:  # completed and committed just before
            return outcome
        raise asyncio.CancelledError

    def _give_up(self, job: AssignedJob) -> None:
        """Kill it, since this job does not end.

        If its loop has run since, the jobs beside this one are innocent.
        """
        self._unending = job
        for each in self._jobs.values():
            each.is_innocent |= job.has_heeded and each.stopped_by is None
        self.kill()

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
        what = problem or how(exit_)
        if self._unending is not None:
            what = f"was killed, since job {self._unending.given.job.id} in it did not end"
        held = f", holding {size_text(exit_.memory)} at most" if exit_.memory else ""
        died = f"the process of the job {what}{held}"
        if not self._ready.done():
            self._ready.set_exception(ProcessDied(died))
            self._ready.exception()  # nothing may wait for it
        self._lose(died)
        for task in self._answering:
            task.cancel()

    def _lose(self, died: str) -> None:
        """End the attempts that it has not ended."""
        jobs = [each for each in self._jobs.values() if not each.ended.done()]
        if not jobs:
            return
        reasons = [each.stopped_by for each in jobs if each.stopped_by is not None]
        self._counts.ended[counted_as(reasons[0]) if reasons else "died"] += 1
        innocent = [str(each.given.job.id) for each in jobs if each.is_innocent]
        if innocent:
            _log.warning("jobs %s are released: %s", ", ".join(innocent), died)
        for each in jobs:
            each.lose_child(died)

    def _on_message(self, message: Any) -> None:
        match message:
            case Ready(None):
                self._ready.set_result(None)
            case Ready(problem):
                self._ready.set_exception(QueueError(problem))
            case Logged():
                self._on_logged(message)
            case Heeded(key, is_stop) if key in self._jobs:
                self._jobs[key].note_heeded(is_stop)
            case Ends(key, transaction) if key in self._jobs:
                self._jobs[key].transaction = transaction
            case Ask():
                task = self._loop.create_task(self._answer(message), name="conduit answer")
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)
            case Done(key, ended):
                self.is_spent |= ended.is_spent
                if key in self._jobs and not self._jobs[key].ended.done():
                    self._jobs[key].ended.set_result(ended)

    def _on_logged(self, message: Logged) -> None:
        jobs = [*self._jobs.values()]
        if message.job is not None:
            jobs = [each for each in jobs if each.key == message.job]
        for each in jobs:
            each.last_logged = message.text
        write_record(message, jobs[0].given.job if len(jobs) == 1 else None)

    async def _answer(self, ask: Ask) -> None:
        job = self._jobs.get(ask.job)
        data = await answered(ask, None if job is None else job.given)
        if ask.number and not self._exited.done():
            self._writer.write(data)
