"""Logs attempts that are retried, without a line for each of a storm."""

import asyncio
import logging

from ...model.claimed import Claimed
from ...model.text.job_fields import job_fields


class RetryLog:
    """Logs the first of the attempts of a job type, and then how many came `every` few seconds.

    All methods belong to the worker's loop. What comes last is not logged if the loop ends.
    """

    def __init__(self, log: logging.Logger, every: float) -> None:
        self._every = every
        self._log = log
        self._further: dict[str, int] = {}
        self._last: dict[str, tuple[Claimed, float, str]] = {}

    def add(self, job: Claimed, elapsed: float, error: str) -> None:
        """Log an attempt, or count it for the next line. It took `elapsed` seconds."""
        if job.type in self._further:
            self._further[job.type] += 1
            self._last[job.type] = job, elapsed, error
            return
        fields = job_fields(job, elapsed)
        self._log.warning("job %s (%s) is retried: %s", job.id, job.type, error, extra=fields)
        self._pause(job.type)

    def _pause(self, type_: str) -> None:
        self._further[type_] = 0
        asyncio.get_running_loop().call_later(self._every, self._go_on, type_)

    def _go_on(self, type_: str) -> None:
        count = self._further.pop(type_)
        if count == 0:
            return
        job, elapsed, error = self._last.pop(type_)
        self._log.warning(
            "%d more attempts of %s are retried, the last one of job %s: %s",
            *(count, type_, job.id, error),
            extra=job_fields(job, elapsed),
        )
        self._pause(type_)
