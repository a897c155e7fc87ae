"""Workers that kill themselves in a job with steps: `python steps_process.py DSN [BROKER]`.

Each case has a worker of its own, on a queue with the case's name, in a process that is forked. It
dies at the case's point; `handlers_of` gives the handlers that finish its job without dying. With a
BROKER, the workers store their steps by way of a gateway, and only `REMOTE_CASES` run.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg
from conduit_runtime import Broker, Job, JobContext, PlainContext, Queue, WorkerPool
from conduit_runtime.broker.remote.step_store import RemoteSteps
from conduit_runtime.worker.job_database import JobDatabase

EFFECTS = "CREATE TABLE effects (queue text, name text, pid int)"
STEPS = ("check", "charge", "ship", "mail")
WHEN = ("before the effect", "behind the effect", "behind the record", "behind the step")
KINDS = ("coroutine", "plain", "loop", "at once", "rows", "block", "writes", "turns")
"""The last three are as generated code is."""
REMOTE_KINDS = ("coroutine", "plain", "rows", "writes", "turns")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a step of a block keeps."""

    results: list[dict[str, str]]


class Case(NamedTuple):
    """A kind of handler, and when it dies: at which step, and how far the step is."""

    kind: str
    step: str
    when: str

    @property
    def queue(self) -> str:
        return f"{self.kind}, {self.step}, {self.when}"


CASES = [Case(kind, step, when) for kind in KINDS for step in STEPS for when in WHEN]
REMOTE_CASES = [
    Case(kind, step, when) for kind in REMOTE_KINDS for step in ("check", "mail") for when in WHEN
]


def handler_of(
    kind: str, dsn: str, reach: Callable[[str, str], object]
) -> Callable[[Any, Any], Any]:
    """The handler of a kind; it calls `reach` with a step and how far it is."""

    def make(queue: str, name: str) -> dict[str, str]:
        reach(name, "before the effect")
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO effects VALUES (%s, %s, %s)", (queue, name, os.getpid())
            )
        reach(name, "behind the effect")
        return {"done": name}

    async def make_async(queue: str, name: str) -> dict[str, str]:
        return make(queue, name)

    def finish(job: JobContext, results: list[dict[str, str]]) -> None:
        assert results == [{"done": name} for name in STEPS]
        job.enqueued.append(Job(queue="children", type="child", payload=job.queue))

    async def coroutine(job: JobContext, payload: object) -> None:
        results = []
        for name in STEPS:
            results.append(await job.step(name, make_async, job.queue, name))
            reach(name, "behind the step")
        finish(job, results)

    def plain(job: PlainContext, payload: object) -> None:
        results = []
        for name in STEPS:
            results.append(job.step(name, make, job.queue, name))
            reach(name, "behind the step")
        finish(job, results)

    async def loop(job: JobContext, payload: object) -> None:
        for turn in range(20):
            await job.step(f"turn {turn}", str, turn)
        await coroutine(job, payload)

    async def at_once(job: JobContext, payload: object) -> None:
        await asyncio.gather(*(job.step(f"beside {n}", str, n) for n in range(20)))
        await coroutine(job, payload)

    async def rows(job: JobContext, payload: object) -> None:
        async for name in job.resume("rows", STEPS):
            await job.step("make", make_async, job.queue, name)
            reach(name, "behind the step")
        finish(job, [{"done": name} for name in STEPS])

    async def block(job: JobContext, payload: object) -> None:
        results: list[dict[str, str]] = []
        for name in STEPS:
            if await job.begins(name):
                results = [*results, make(job.queue, name)]
                await job.ends(Kept(results))
            else:
                results = job.kept(Kept).results
            reach(name, "behind the step")
        finish(job, results)

    async def writes(job: JobContext, payload: object) -> None:
        insert = "INSERT INTO effects VALUES (%s, %s, %s) RETURNING pid"
        for name in STEPS:
            if await job.begins(name):
                async with job.transaction():
                    reach(name, "before the effect")
                    await job.scalar(int, insert, [job.queue, name, os.getpid()])
                    reach(name, "behind the effect")
                    await job.ends()
            reach(name, "behind the step")
        finish(job, [{"done": name} for name in STEPS])

    async def turns(job: JobContext, payload: object) -> None:
        results: list[dict[str, str]] = []
        if await job.reached("for name"):
            results = job.kept(Kept).results
        async for name in job.turns("for name", STEPS):
            if await job.begins("for name/check"):
                await job.ends()
            results = [*results, make(job.queue, name)]
            reach(name, "behind the step")
            job.keep(Kept(results))
        finish(job, results)

    handlers: dict[str, Callable[[Any, Any], Any]] = {
        "coroutine": coroutine,
        "plain": plain,
        "loop": loop,
        "at once": at_once,
        "rows": rows,
        "block": block,
        "writes": writes,
        "turns": turns,
    }
    return handlers[kind]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run(dsn: str, broker: str | None, case: Case) -> None:
    """Run the worker of a case until it dies."""

    def reach(name: str, when: str) -> None:
        if (name, when) == (case.step, case.when):
            die()

    def stored(names: str, contents: str) -> None:
        is_in_loop = case.kind in ("turns", "rows")
        if case.when == "behind the record" and case.step in (contents if is_in_loop else names):
            die()

    send, ask = JobDatabase.run, RemoteSteps._store

    async def sent(self: JobDatabase, statement: Any, conn: Any = None) -> Any:
        result = await send(self, statement, conn)
        if statement.query == "outcome/store_steps":
            stored(str(statement.parameters["names"]), str(statement.parameters["contents"]))
        return result

    async def asked(self: RemoteSteps, record: Any) -> bool:
        result = await ask(self, record)
        stored(record.name, record.value)
        return result

    JobDatabase.run = sent  # type: ignore[method-assign]
    RemoteSteps._store = asked  # type: ignore[method-assign]
    source = Queue(dsn) if broker is None else Broker(broker, database=dsn)
    pool = WorkerPool(source, [case.queue], workers=2)
    pool.register("job", handler_of(case.kind, dsn, reach))
    pool.run()


def main(dsn: str, broker: str | None = None) -> None:
    children = []
    for case in CASES if broker is None else REMOTE_CASES:
        child = os.fork()
        if child == 0:
            run(dsn, broker, case)
            os._exit(1)  # it should have died
        children.append(child)
        if len(children) == 4:
            wait(children)
    wait(children)


def wait(children: list[int]) -> None:
    while children:
        _, status = os.waitpid(children.pop(), 0)
        assert os.WIFSIGNALED(status), status


if __name__ == "__main__":
    main(*sys.argv[1:])
