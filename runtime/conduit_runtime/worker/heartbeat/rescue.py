"""Finds dead workers, rescues their jobs, and reports those that ended as failed."""

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from uuid import UUID

from ...model.text.logs import get_logger
from ...model.workers.worker_state import DeadWorker, WorkerState
from ...postgres.statement import Statement
from ...postgres.steps import Run
from ...statements.worker_registry import Rescued, delete_failure_notices, take_failure_notices
from ..timing import Timing
from ..worker_base import WorkerBase
from .registration import HeartbeatConnection

_log = get_logger("conduit.worker")


class FailureDetector:
    """Watches the heartbeats of the other workers over one unbroken connection.

    Only the watcher's own monotonic clock counts, so differences between clocks do not matter. An
    outage of the database ends the connection, and the detector with it, so that no live worker
    counts as dead.

    `patience` is the seconds until the next worker counts as dead, if it stays silent; infinite if
    no worker's session is gone.
    """

    patience = math.inf

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._seen: dict[str, tuple[int, float]] = {}

    def find_dead(self, states: Sequence[WorkerState], now: float) -> list[DeadWorker]:
        """The dead among the workers seen at the monotonic time `now` in seconds."""
        known, self._seen = self._seen, {}
        self.patience = math.inf
        lease, longest = self._timing.lease, self._timing.silence
        dead = []
        for state in states:
            heartbeat, since = known.get(state.name, (None, now))
            if heartbeat != state.heartbeat:
                since = now
            self._seen[state.name] = (state.heartbeat, since)
            silence = now - since
            if silence >= lease or (silence >= longest and state.lock_free):
                dead.append(DeadWorker(state.name, state.heartbeat, silence >= lease))
            elif state.lock_free:
                self.patience = min(self.patience, longest - silence)
        return dead


class Rescuer:
    """Reclaims jobs, logs them, and lets the worker's loop count those that ended failed."""

    def __init__(self, worker: WorkerBase) -> None:
        self._worker = worker
        self._loop = asyncio.get_running_loop()

    def rescue(
        self, connection: HeartbeatConnection, rescuing: Statement[list[Rescued]], of: str
    ) -> None:
        """Rescue the jobs `of` a worker, as far as Postgres lets it."""
        rescued: list[Rescued] = []
        with connection.refusable():
            rescued = connection.run_with("SET CONSTRAINTS ALL IMMEDIATE", rescuing)
        if not rescued:
            return
        for job in rescued:
            if job.status == "running":
                fields = {"job_id": str(job.id), "job_type": job.type, "queue": job.queue}
                message = "job %s (%s): Postgres refuses to reclaim it"
                _log.error(message, job.id, job.type, extra=fields)
        failed = [job for job in rescued if job.status == "failed"]
        jobs = "1 job" if len(rescued) == 1 else f"{len(rescued)} jobs"
        _log.warning("rescued %s of %s, %d of them failed", jobs, of, len(failed))
        if failed:
            self._loop.call_soon_threadsafe(self._worker.count_failed, failed)


class FailureNotices:
    """Takes notices over, has their jobs reported in the worker's loop, and deletes the notices.

    Each job that a rescue ended as failed leaves a notice. If a worker dies before it has deleted
    its notices, another worker takes them over, so a job is reported at least once.
    """

    def __init__(self, worker: WorkerBase) -> None:
        self._worker = worker
        self._queues = list(worker.queues)
        self._loop = asyncio.get_running_loop()
        self._reported: deque[tuple[UUID, str]] = deque()
        """Jobs, and the name under which the worker took their notices over; the loop adds them."""

    def step(self, run: Run) -> None:
        """Report jobs that no other live worker reports, if this worker can report any."""
        if not self._worker.reports_failures:
            return
        name = self._worker.name
        jobs = run(take_failure_notices(self._queues, name))
        if jobs:
            report = self._worker.failures.report
            self._loop.call_soon_threadsafe(
                report, jobs, lambda job: self._reported.append((job.id, name))
            )

    def delete(self, run: Run) -> None:
        """Delete the notices of the jobs that were reported."""
        if reported := [*self._reported]:
            run(delete_failure_notices(reported))
            for _ in reported:
                self._reported.popleft()
