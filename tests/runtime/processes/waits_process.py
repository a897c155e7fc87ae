"""Workers that kill themselves in a job that waits: `python waits_process.py DSN`.

Each case has a worker of its own, on a queue with the case's name, in a process that is forked. It
dies at the case's point; `handler_of` gives the handler that finishes its job without dying.
"""

import os
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import psycopg
from conduit_runtime import Job, JobContext, PlainContext, Queue, WorkerPool
from conduit_runtime.worker.job_database import JobDatabase
from steps_process import die, wait

EFFECTS = "CREATE TABLE effects (queue text, name text)"
NAP = timedelta(seconds=0.2)
LONG = timedelta(hours=1)
WHEN = ("before the wait", "behind the record", "behind the wait", "when it goes on")


class Case(NamedTuple):
    """A kind of handler, what it waits for, and when it dies."""

    kind: str
    how: str
    when: str

    @property
    def queue(self) -> str:
        return f"{self.kind}, {self.how}, {self.when}"


CASES = [
    Case(kind, how, when)
    for kind in ("coroutine", "plain", "block")
    for how in ("sleep", "signal")
    for when in WHEN
]


def handler_of(dsn: str, case: Case, reach: Callable[[str], object]) -> Callable[[Any, Any], Any]:
    """The handler of a case; it calls `reach` with how far it is."""

    def make(name: str) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("INSERT INTO effects VALUES (%s, %s)", (case.queue, name))

    def finish(job: JobContext, got: object) -> None:
        assert got == (None if case.how == "sleep" else "come")
        job.enqueued.append(Job(queue="children", type="child", payload=job.queue))

    async def coroutine(job: JobContext, payload: object) -> None:
        await job.step("first", make, "first")
        reach("before the wait")
        try:
            got = await (job.sleep(NAP) if case.how == "sleep" else job.wait("go", timeout=LONG))
        except BaseException:
            reach("behind the wait")
            raise
        reach("when it goes on")
        await job.step("second", make, "second")
        finish(job, got)

    def plain(job: PlainContext, payload: object) -> None:
        job.step("first", make, "first")
        reach("before the wait")
        got = None
        try:
            if case.how == "sleep":
                job.sleep(NAP)
            else:
                got = job.wait("go", timeout=LONG)
        except BaseException:
            reach("behind the wait")
            raise
        reach("when it goes on")
        job.step("second", make, "second")
        finish(job, got)

    async def block(job: JobContext, payload: object) -> None:
        """What the compiler makes of a block with a sleep or a wait."""
        if await job.begins("first"):
            make("first")
            await job.ends()
        reach("before the wait")
        try:
            got: object = None
            if case.how == "sleep":
                await job.sleeps("job.sleep", NAP)
            else:
                got = await job.waits_for("go", LONG)
        except BaseException:
            reach("behind the wait")
            raise
        reach("when it goes on")
        if await job.begins("second"):
            make("second")
            await job.ends()
        finish(job, got)

    return {"coroutine": coroutine, "plain": plain, "block": block}[case.kind]


def run(dsn: str, case: Case) -> None:
    """Run the worker of a case until it dies."""
    queue = Queue(dsn)

    def reach(when: str) -> None:
        if when == case.when:
            die()
        if when == "behind the wait" and case.how == "signal":
            [job] = queue.list(queue=case.queue)
            assert queue.signal(job.id, "go", "come")

    send = JobDatabase.run

    async def dying(self: JobDatabase, statement: Any, conn: Any = None) -> Any:
        result = await send(self, statement, conn)
        if statement.query == "outcome/wait":
            reach("behind the record")
        return result

    JobDatabase.run = dying  # type: ignore[method-assign]
    pool = WorkerPool(queue, [case.queue], workers=2)
    pool.register("job", handler_of(dsn, case, reach))
    pool.run()


def main(dsn: str) -> None:
    children = []
    for case in CASES:
        child = os.fork()
        if child == 0:
            run(dsn, case)
            os._exit(1)  # it should have died
        children.append(child)
        if len(children) == 4:
            wait(children)
    wait(children)


if __name__ == "__main__":
    main(sys.argv[1])
