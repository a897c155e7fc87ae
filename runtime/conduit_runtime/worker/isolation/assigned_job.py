"""A job that a worker has sent to a child, as the worker sees it."""

import asyncio
from collections.abc import Callable
from dataclasses import fields
from typing import NamedTuple

from ...job_types.isolation import Isolation, size_text
from ...model.attempts.interruptions import Shutdown
from ...model.claimed import Claimed
from ...model.errors import ProcessDied
from ...trace_context.headers import present_trace
from ..interfaces import RunnerHost
from ..run.isolated_runs import Ended
from .messages import Key, Run, key_of


class Assignment(NamedTuple):
    """A job for a child, with its handler as it crosses; `why_stopped` says why it is stopped."""

    job: Claimed
    handler: bytes
    isolation: Isolation
    host: RunnerHost
    why_stopped: Callable[[], BaseException | None]


class AssignedJob:
    """A job that a child has, until it has ended.

    `stopped_by` is why it was stopped, `transaction` the one in which it ends.
    """

    def __init__(self, given: Assignment) -> None:
        self.given = given
        self.ended: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self.stopped_by: BaseException | None = None
        self.has_heeded = False
        """Whether the loop of its child has begun to stop it."""
        self.is_alone = given.isolation.concurrency == 1
        self.is_innocent = not self.is_alone
        """Whether it has certainly not harmed its child: at first, since it has not begun there."""
        self.last_logged: str | None = None
        self.transaction: str | None = None

    @property
    def key(self) -> Key:
        """How messages name it."""
        return key_of(self.given.job)

    def run(self) -> Run:
        """What is sent to the child."""
        job, isolation = _without_limits(self.given.job), self.given.isolation
        return Run(job, self.given.handler, isolation.memory, present_trace(), self.is_alone)

    def stop_within(self) -> float:
        """Note why it is stopped, and return the seconds until its child is killed."""
        self.stopped_by = self.given.why_stopped() or Shutdown()
        self.is_innocent = False
        seconds = self.given.isolation.kill_after
        if isinstance(self.stopped_by, Shutdown):  # there has to be time to write the outcome
            seconds = min(seconds, self.given.host.timing.cancelling / 2)
        return seconds

    def note_heeded(self, is_stop: bool) -> None:
        """Note that the loop of the child has begun to run it, or to stop it."""
        self.has_heeded |= is_stop
        self.is_innocent &= is_stop

    def lose_child(self, how: str) -> None:
        """End the attempt, since its child has ended, as `how` says."""
        if self.ended.done():
            return
        if self.is_innocent:
            self.ended.set_exception(Shutdown())
        else:
            logged = f"; it last logged: {self.last_logged}" if self.last_logged else ""
            memory = self.given.isolation.memory
            limit = f"; its memory is limited to {size_text(memory)}" if memory is not None else ""
            self.ended.set_exception(ProcessDied(f"{how}{logged}{limit}"))
        self.ended.exception()  # nothing may wait for it


_FIELDS = [each.name for each in fields(Claimed) if each.init]


def _without_limits(job: Claimed) -> Claimed:
    """The job as a child gets it: its worker has written its start, and ends it in time."""
    copy = Claimed(*(getattr(job, name) for name in _FIELDS))
    copy.timeout = copy.expires = None
    copy.rescues = 0
    return copy
