"""Reports the jobs that rescues ended as failed."""

import asyncio
from collections import deque
from typing import TYPE_CHECKING
from uuid import UUID

from ...postgres.steps import Run
from ...statements.worker_registry import delete_failure_notices, take_failure_notices

if TYPE_CHECKING:
    from ..worker import Worker


class FailureNotices:
    """Takes notices over, has their jobs reported in the worker's loop, and deletes the notices.

    Each job that a rescue ended as failed leaves a notice. If a worker dies before it has deleted
    its notices, another worker takes them over, so a job is reported at least once.
    """

    def __init__(self, worker: "Worker") -> None:
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
