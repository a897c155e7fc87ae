"""A worker in its own process, for tests to kill: `python worker_process.py DSN WORKERS`.

Each handler notes in the table `history` that it began, and that it ended if it did.
"""

import logging
import os
import sys
import time
from typing import Any

import psycopg
from conduit_runtime import BatchContext, BatchJob, JobContext, Queue, WorkerPool

HISTORY = "CREATE TABLE history (job uuid, attempt int, pid int, what text)"


def main(dsn: str, workers: int) -> None:
    logging.basicConfig(level=logging.INFO)
    queue = Queue(dsn)
    pool = WorkerPool(queue, workers=workers)

    def note(context: JobContext, what: str) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO history VALUES (%s, %s, %s, %s)",
                (context.id, context.attempt, os.getpid(), what),
            )

    @pool.handler("sleep")
    def sleep(context: JobContext, payload: dict[str, Any]) -> None:
        """Take long only the first time."""
        note(context, "began")
        with psycopg.connect(dsn, autocommit=True) as connection:
            sql = "SELECT count(*) FROM history WHERE job = %s"
            [(runs,)] = connection.execute(sql, (context.id,))
        if runs == 1:
            time.sleep(payload["seconds"])
        note(context, "ended")

    @pool.handler("die")
    async def die(context: JobContext, payload: object) -> None:
        note(context, "began")
        os._exit(9)

    @pool.handler("fork")
    def fork(context: JobContext, payload: object) -> None:
        """The first time, fork a process that outlives the worker, and take long."""
        if context.attempt == 1:
            if os.fork() == 0:
                note(context, "forked")
                time.sleep(600)
                os._exit(0)
            time.sleep(600)
        note(context, "ended")

    @pool.batch_handler("batch", size=10, wait=0.2)
    async def batch(context: BatchContext, jobs: list[BatchJob]) -> None:
        for job in jobs:
            note(job, "alone" if len(jobs) == 1 else "together")
        if any(job.payload == "dies" for job in jobs):
            os._exit(9)

    pool.run()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
