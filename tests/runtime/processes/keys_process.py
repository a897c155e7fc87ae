"""A worker that notes when attempts begin and end: `python keys_process.py DSN`.

Its jobs succeed, fail, are retried and put off at random.
"""

import os
import random
import sys
import threading
import time
from datetime import timedelta

import psycopg
from conduit_runtime import JobContext, Queue, Retry, Snooze, WorkerPool

SPANS = """
CREATE TABLE spans (
  job uuid NOT NULL, type text NOT NULL, key text NOT NULL, number integer NOT NULL,
  pid integer NOT NULL, worker integer NOT NULL, outcome text,
  token uuid NOT NULL,
  started timestamptz NOT NULL DEFAULT clock_timestamp(), ended timestamptz
);
CREATE TABLE cancelled (job uuid, token uuid)
"""
_local = threading.local()


def _database(dsn: str) -> psycopg.Connection[tuple[object, ...]]:
    if not hasattr(_local, "connection"):
        _local.connection = psycopg.connect(dsn, autocommit=True)
    connection: psycopg.Connection[tuple[object, ...]] = _local.connection
    return connection


def main(dsn: str) -> None:
    pool = WorkerPool(Queue(dsn), ["a", "b"], workers=8)

    def run(context: JobContext, payload: int) -> None:
        database = _database(dsn)
        span = (context.id, context.type, context.key, payload, os.getpid(), context._job.token)
        database.execute(
            "INSERT INTO spans (job, type, key, number, worker, token, pid)"
            " VALUES (%s, %s, %s, %s, %s, %s, pg_backend_pid())",
            span,
        )
        time.sleep(random.random() * 0.01)
        outcome = random.choices(("completes", "retries", "snoozes", "fails"), (85, 8, 4, 3))[0]
        database.execute(
            "UPDATE spans SET ended = clock_timestamp(), outcome = %s"
            " WHERE job = %s AND pid = pg_backend_pid() AND ended IS NULL",
            (outcome, context.id),
        )
        if outcome == "retries":
            raise Retry(timedelta(seconds=random.random() * 0.2))
        if outcome == "snoozes":
            raise Snooze(timedelta(seconds=random.random() * 0.2))
        if outcome == "fails":
            raise ValueError("fails")

    pool.register("limited", run, key_concurrency=2, discard_on=["ValueError"])
    pool.register("ordered", run, ordered=True, discard_on=["ValueError"])
    pool.run()


if __name__ == "__main__":
    main(sys.argv[1])
