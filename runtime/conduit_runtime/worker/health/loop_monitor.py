"""A thread that notices when an event loop is blocked, and logs what blocks it."""

import asyncio
import logging
import sys
import threading
import time
import traceback
from types import FrameType

from ...model.claimed import Claimed, ClaimedBatch
from ...model.text.job_fields import job_fields
from ...model.text.logs import get_logger

_log = get_logger("conduit.worker")

BLOCKED = 1.0
"""Seconds without a sign of life after which a loop counts as blocked."""
_EVERY = 0.5
"""Seconds between two checks."""
_FRAMES = 30


class LoopMonitor(threading.Thread):
    """Asks the loop in which it was made for a sign of life, twice a second.

    It costs jobs nothing. While C code holds the GIL, this thread does not run either; it logs that
    afterwards.
    """

    def __init__(self) -> None:
        super().__init__(name="conduit-monitor", daemon=True)
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._ending = threading.Event()
        self._asked: float | None = None
        self._logged = False

    @property
    def blocked(self) -> float:
        """For how many seconds the loop has been blocked; 0 while it runs."""
        asked = self._asked
        if asked is None or self._ending.is_set():
            return 0.0
        silence = time.monotonic() - asked
        return silence if silence >= BLOCKED else 0.0

    def end(self) -> None:
        """Check no more."""
        self._ending.set()

    def run(self) -> None:
        last = time.monotonic()
        while not self._ending.wait(_EVERY):
            now = time.monotonic()
            late, last = now - last - _EVERY, now
            if late >= BLOCKED:
                self._log_pause(late)
            if self._asked is not None:
                if self.blocked and not self._logged:
                    self._log_block(self.blocked)
                continue
            self._asked = now
            try:
                self._loop.call_soon_threadsafe(self._answer)
            except RuntimeError:  # the loop has ended
                return

    def _answer(self) -> None:
        """Give the sign of life; called by the loop."""
        asked, self._asked = self._asked, None
        if self._logged and asked is not None:
            self._logged = False
            _log.warning("the event loop runs again after %.1f s", time.monotonic() - asked)

    def _log_block(self, seconds: float) -> None:
        self._logged = True
        frame = sys._current_frames().get(self._loop_thread)
        match _job_of(frame):
            case None:
                who = "something"
            case ClaimedBatch() as batch:
                who = f"a batch of {len(batch.jobs)} jobs ({batch.type})"
            case job:
                who = f"job {job.id} ({job.type})"
        _warn(
            "%s blocks the event loop, for %.1f s so far: use `await`, or a plain function as the "
            "handler",
            *(who, seconds),
            frame=frame,
        )

    def _log_pause(self, seconds: float) -> None:
        self._logged = self._asked is not None
        _warn(
            "no Python code of this process ran for %.1f s: C code held the GIL, or the process "
            "was suspended; the stack is that of the event loop afterwards",
            seconds,
            frame=sys._current_frames().get(self._loop_thread),
        )


def _warn(message: str, *arguments: object, frame: FrameType | None) -> None:
    """Log a warning with the stack of the frame, and with the job that runs there."""
    if not _log.isEnabledFor(logging.WARNING):
        return
    job = _job_of(frame)
    record = _log.makeRecord(
        *(_log.name, logging.WARNING, __file__, 0, message, arguments, None),
        extra=None if job is None else job_fields(job),
    )
    if frame is not None:
        stack = "".join(traceback.format_stack(frame)[-_FRAMES:])
        record.stack_info = f"Stack of the event loop:\n{stack.rstrip()}"
    _log.handle(record)


def _job_of(frame: FrameType | None) -> Claimed | ClaimedBatch | None:
    """The job or the batch that a runner in this stack runs."""
    while frame is not None:
        job = frame.f_locals.get("job")
        batch = getattr(frame.f_locals.get("execution"), "batch", None)
        for each in (job, batch):
            if isinstance(each, Claimed | ClaimedBatch):
                return each
        frame = frame.f_back
    return None
