"""Workers that kill themselves at each statement of a job: `python killed_process.py DSN FOLDER`.

The folder has the package `killed_jobs`. Each row of `counters` has a job on a queue of its own,
and a worker in a process that is forked. It dies before the statement of this number that it sends
over the connections of jobs, and then over that of outcomes. The process prints how many workers
have died.
"""

import importlib
import logging
import os
import signal
import sys
from types import SimpleNamespace
from typing import Any

import psycopg
from conduit_runtime import Queue, WorkerPool
from conduit_runtime.worker.job_database import JobDatabase
from psycopg.rows import dict_row

AT_ONCE = 6
MOST = 30
"""More statements than a job sends."""


def services() -> Any:
    """The services of the blocks."""
    return SimpleNamespace(one=SimpleNamespace(send=lambda *given: None))


def enqueue(dsn: str, package: Any, hook: str, queue: str) -> None:
    """Store a row, and run the hook that enqueues its job, which goes to the queue."""
    with psycopg.connect(dsn) as conn:
        cursor = psycopg.Cursor(conn, row_factory=dict_row)
        insert = "INSERT INTO counters (name) VALUES (%s) RETURNING *"
        row = cursor.execute(insert, [queue]).fetchone()
        previous = [{**row, "size": 7}] if hook == "after_update" else []
        getattr(package.counter, hook)(conn, row, *previous)
        conn.execute("UPDATE jobs SET queue = %s WHERE queue = 'default'", [queue])


def run(dsn: str, package: Any, queue: str, number: int) -> None:
    """Run the job of a queue until its worker dies before a statement, or has no more work."""
    taken: set[int] = set()
    sent = 0
    take, wait = JobDatabase._take, psycopg.AsyncConnection.wait

    async def noted_take(self: JobDatabase) -> Any:
        connection = await take(self)
        taken.add(id(connection))
        return connection

    async def noted_wait(self: Any, *given: Any, **named: Any) -> Any:
        nonlocal sent
        if id(self) in taken or (sent and "conduit outcomes" in self.info.dsn):
            sent += 1
            if sent == number:
                os.kill(os.getpid(), signal.SIGKILL)
        return await wait(self, *given, **named)

    JobDatabase._take = noted_take  # type: ignore[method-assign]
    psycopg.AsyncConnection.wait = noted_wait  # type: ignore[method-assign, assignment]
    pool = WorkerPool(Queue(dsn), [queue], jobs=package.JOBS, services=services())
    pool.run(drain=True)


def has_died(child: int) -> bool:
    """Whether a worker has killed itself, at its end."""
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or status == 0, status
    return os.WIFSIGNALED(status)


def main(dsn: str, folder: str) -> None:
    logging.disable()
    sys.path.insert(0, folder)
    package = importlib.import_module("killed_jobs")
    for hook in ("after_create", "after_update"):
        died = []
        for first in range(1, MOST, AT_ONCE):
            children = []
            for number in range(first, first + AT_ONCE):
                queue = f"{hook} {number}"
                enqueue(dsn, package, hook, queue)
                if (child := os.fork()) == 0:
                    run(dsn, package, queue, number)
                    os._exit(0)
                children.append(child)
            died += [has_died(child) for child in children]
            if not died[-1]:
                break
        assert not died[-1], f"more than {MOST} statements"
        print(hook, sum(died))


if __name__ == "__main__":
    main(*sys.argv[1:])
