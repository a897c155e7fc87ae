"""A worker that a test freezes while jobs run: `python frozen_worker.py DSN`.

Its jobs wait until the table `thawed` has a row, then try all that a job can do.
"""

import logging
import os
import sys
import time
from typing import Any

import psycopg
from conduit_runtime import Job, JobContext, Queue, WorkerPool

SCHEMA = """
CREATE TABLE thawed (n int);
CREATE TABLE notes (job uuid, type text, what text);
"""


def main(dsn: str) -> None:
    logging.basicConfig(level=logging.INFO)
    pool = WorkerPool(Queue(dsn), workers=10, grace=0)

    def note(context: JobContext[Any], what: str) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO notes VALUES (%s, %s, %s)", (context.id, context.type, what)
            )

    def wait(context: JobContext[Any]) -> None:
        note(context, "began")
        with psycopg.connect(dsn, autocommit=True) as connection:
            while connection.execute("SELECT FROM thawed").rowcount == 0:
                time.sleep(0.02)
        note(context, "woke")

    @pool.handler("complete")
    def complete(context: JobContext[Any], payload: object) -> None:
        wait(context)
        context.progress(9, 10, "of a dead worker")
        context.enqueued.append(Job(queue="children", type="child"))

    @pool.handler("fail")
    def fail(context: JobContext[Any], payload: object) -> None:
        wait(context)
        raise RuntimeError("of a dead worker")

    @pool.handler("hang")
    def hang(context: JobContext[Any], payload: object) -> None:
        wait(context)
        time.sleep(600)

    pool.run()
    os._exit(0)  # as the command does, without waiting for the thread that hangs


if __name__ == "__main__":
    main(sys.argv[1])
