"""Compares the jobs that a worker holds with those that the database says it holds."""

import time
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg

from ..model.attempts.outcome import released
from ..model.job import Job
from ..model.text.logs import get_logger
from ..postgres.backoff import Backoff
from ..statements.outcomes import Attempt
from .acknowledge.acknowledger import Acknowledger
from .interfaces import AttemptRunner

if TYPE_CHECKING:
    from .worker import Worker

_log = get_logger("conduit.worker")


class Audit:
    """Releases jobs of a claim whose result was lost with its connection."""

    def __init__(self, worker: "Worker", runner: AttemptRunner, acknowledger: Acknowledger) -> None:
        self._worker = worker
        self._runner = runner
        self._acknowledger = acknowledger
        self._backoff = Backoff(_log, "orphaned claims cannot be read")
        self._orphans: set[tuple[UUID, UUID]] = set()
        self._next = time.monotonic() + worker.timing.audit

    async def step(self, now: float) -> None:
        """Compare if that is due."""
        if now < self._next:
            return
        self._next = now + self._worker.timing.audit
        try:
            held = await self._acknowledger.held_jobs(self._worker.name)
        except psycopg.Error as error:
            self._backoff.next_delay(error)
            return
        known = {(job.id, job.token) for job in self._runner.jobs()}
        orphans = held.difference(known, self._acknowledger.apart.held)
        # A job seen once may have ended just now, or its claim may still be under way.
        for id_, token in orphans & self._orphans:
            claimed = Job("", id=id_, token=token)  # its other fields do not matter
            self._acknowledger.add(Attempt(claimed, outcome=released))
        self._orphans = orphans
