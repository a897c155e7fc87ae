"""Logs what happens to jobs, without a line for each of a storm."""

import asyncio
import logging
from collections.abc import Hashable

from ..model.claimed import Claimed
from ..model.text.job_fields import job_fields


class CountedLog:
    """Warns of the first job of a key at once, and then of how many came `every` few seconds.

    `one` is a message of a job's id, its type and an error, `more` one of a count, a type, the last
    job's id and its error. All methods belong to the worker's loop. What comes last is not logged
    if the loop ends.
    """

    def __init__(self, log: logging.Logger, every: float, one: str, more: str) -> None:
        self._log = log
        self._every = every
        self._one = one
        self._more = more
        self._further: dict[Hashable, int] = {}
        self._last: dict[Hashable, tuple[Claimed, str, float | None]] = {}

    def __len__(self) -> int:
        """The number of keys whose next line has to wait."""
        return len(self._further)

    def add(self, key: Hashable, job: Claimed, error: str, elapsed: float | None = None) -> None:
        """Log this, or count it for the next line. An attempt took `elapsed` seconds."""
        if key in self._further:
            self._further[key] += 1
            self._last[key] = job, error, elapsed
            return
        self._log.warning(self._one, job.id, job.type, error, extra=job_fields(job, elapsed))
        self._pause(key)

    def _pause(self, key: Hashable) -> None:
        self._further[key] = 0
        asyncio.get_running_loop().call_later(self._every, self._go_on, key)

    def _go_on(self, key: Hashable) -> None:
        count = self._further.pop(key)
        if count == 0:
            return
        job, error, elapsed = self._last.pop(key)
        fields = job_fields(job, elapsed)
        self._log.warning(self._more, count, job.type, job.id, error, extra=fields)
        self._pause(key)
