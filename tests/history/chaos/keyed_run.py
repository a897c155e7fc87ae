"""A chaos run of many short jobs with keys: limits, order, turns and expiry under faults."""

from pathlib import Path

from chaos import Chaos
from chaos_database import SETTINGS, create_database
from chaos_report import Report
from chaos_run import disturb
from conduit_runtime import embedded
from keyed_jobs import KEYED, short_keyed_job
from producers import Flood
from random_jobs import QUEUES
from worker_processes import WorkerProcesses

SERVED = (KEYED, QUEUES[0])
"""The queues that the workers serve; the second has the jobs of schedules."""


def run_keyed(folder: Path, jobs: int, seed: int, workers: int = 3) -> Report:
    """Run until so many jobs with keys are enqueued, in a database server of the run's own.

    Handlers write their events to files, which is several times as fast as statements. The server's
    clock does not jump: most of what keys promise could not be judged.
    """
    with embedded.start(folder / "postgres", settings=SETTINGS) as server:
        dsn = create_database(server.dsn)
        logs = folder / "logs"
        logs.mkdir(exist_ok=True)
        queues = [argument for queue in SERVED for argument in ("--queue", queue)]
        processes = WorkerProcesses(
            dsn, logs, *queues, "--concurrency", "50", roles=True, files=True
        )
        try:
            chaos = Chaos(dsn, server.folder / "data", processes, workers, seed, clock=None)
            flood = Flood(dsn, seed, jobs, make=short_keyed_job)
            return disturb(dsn, processes, chaos, [flood], SERVED, seed, lambda: flood.is_done)
        finally:
            processes.close()
