"""Rescues the jobs of dead workers."""

import asyncio
from typing import TYPE_CHECKING

from ...model.text.logs import get_logger
from ...postgres.statement import Statement
from ...statements.worker_registry import Rescued
from .heartbeat_connection import HeartbeatConnection

if TYPE_CHECKING:
    from ..worker import Worker

_log = get_logger("conduit.worker")


class Rescuer:
    """Reclaims jobs, logs them, and lets the worker's loop count those that ended failed."""

    def __init__(self, worker: "Worker") -> None:
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
