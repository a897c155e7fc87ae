"""Handlers, services and hooks that children import."""

import atexit
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from conduit_runtime import Job, JobContext, PlainContext, Retry, chain, job_type
from conduit_runtime.worker.isolation.child_host import Kept
from psycopg.rows import tuple_row

log = logging.getLogger("isolated_jobs")
around: ContextVar[tuple[str, ...]] = ContextVar("around", default=())


@dataclass
class Services:
    """What jobs call: `pid` is the process that has entered it."""

    pid: int


@contextmanager
def services() -> Iterator[Services]:
    """Services that are entered and left."""
    yield Services(os.getpid())


@asynccontextmanager
async def on_loop(job: JobContext[Any]) -> AsyncIterator[None]:
    """A hook around jobs."""
    around.set((*around.get(), "loop"))
    yield


def in_thread(job: JobContext[Any]) -> Iterator[None]:
    """A plain hook around jobs."""
    around.set((*around.get(), "thread"))
    yield


def noted(path: str) -> int:
    """Add a line to a file, and return how many it has."""
    with Path(path).open("a") as file:
        file.write("x\n")
    return len(Path(path).read_text().splitlines())


async def count_at_end(job: JobContext[Any], what: str) -> int:
    """Write what commits with the end of the job; the first attempt fails behind it."""
    await job.commits_at_end()
    n = await job.scalar(int, "UPDATE counts SET n = n + 1 RETURNING n")
    job.enqueued.append(Job(queue="children", type="child"))
    if job.attempt == 1 and what == "fails":
        raise ValueError(what)
    if job.attempt == 1 and what == "dies":
        os._exit(1)
    if what == "dies behind it":
        Kept.note_completed = lambda *_: os._exit(1)  # type: ignore[method-assign]
    return n


def plain(job: PlainContext[Services], path: str) -> dict[str, Any]:
    """Do what a plain handler can do; the first attempt dies behind a step."""
    first = job.step("note", noted, path)
    job.used(job.attempt + 1)
    if job.attempt == 1:
        os._exit(1)
    job.sleep(0.01)
    log.warning("attempt %d of %s", job.attempt, job.type)
    atexit.register(noted, path + ".exit")
    job.enqueue_flow(chain(Job(type="child", payload=1), Job(type="child", payload=2)))
    return {
        "first": first,
        "entered": job.services.pid == os.getpid(),
        "around": [*around.get()],
        "payload": job.payload,
        "headers": {**job.headers},
    }


async def on_the_loop(job: JobContext[Services], path: str) -> dict[str, Any]:
    """Do what a coroutine can do; the first attempt dies behind a step."""
    first = await job.step("note", noted, path)
    await job.used(job.attempt + 1)
    if job.attempt == 1:
        os._exit(1)
    await job.sleep(timedelta(seconds=0.01))
    if job.attempt == 2:
        raise Retry(after=0)
    answer = await job.wait("answer", timeout=60)
    async with job.connection() as connection:
        cursor = connection.cursor(row_factory=tuple_row)
        row = await (await cursor.execute("SELECT 6 * 7")).fetchone()
    return {
        "first": first,
        "answer": answer,
        "row": row and row[0],
        "entered": job.services.pid == os.getpid(),
        "around": [*around.get()],
    }


async def child(job: JobContext[Services], payload: int) -> list[Any]:
    """Return what came before in the flow, and the payload."""
    return [*await job.results(), payload]


@dataclass
class Amount:
    """The payload of a job type."""

    cents: int


@job_type("typed", "", isolated=True, memory="1GB", keep_result=timedelta(days=1))
async def typed(job: JobContext[Any], payload: Amount) -> list[int]:
    """Return the payload and the process."""
    return [payload.cents, os.getpid()]


def reports(job: PlainContext[Any], payload: Any) -> None:
    """Report how far it is, and wait for a cancel."""
    job.progress(1, 2, "half")
    while True:
        job.raise_if_cancelled()
        time.sleep(0.01)


def uses_none(job: PlainContext[Any], payload: Any) -> None:
    """Correct the weight of the job, twice."""
    job.used(9)
    job.used(0)


def process(job: PlainContext[Any], payload: Any) -> int:
    """Return the process that runs the job."""
    return os.getpid()


def logs_much(job: PlainContext[Any], characters: int) -> None:
    """Log one line of this length."""
    log.warning("%s", "x" * characters)


def kills_parent(job: PlainContext[Any], told: str) -> None:
    """Kill the process that has started this one, once another job has told that it runs."""
    while not Path(told).exists():
        time.sleep(0.01)
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(600)


def starts_and_hangs(job: PlainContext[Any], told: str) -> None:
    """Start a program, tell its process id, and go on for ever."""
    program = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(told).write_text(str(program.pid))
    time.sleep(600)
