"""Coroutines of which several run at once in a process of their own."""

import asyncio
import logging
import os
from collections import defaultdict
from pathlib import Path
from typing import Any
from uuid import UUID

from conduit_runtime import Job, JobContext, current_job
from isolated_jobs import noted

log = logging.getLogger("sharing_jobs")

TOGETHER = 3
"""How many jobs meet in a process."""
_met: dict[str, set[UUID]] = defaultdict(set)
_full: dict[str, asyncio.Event] = defaultdict(asyncio.Event)


async def meet(job: JobContext[Any], place: str) -> None:
    """Wait until `TOGETHER` jobs are here, in this process."""
    _met[place].add(job.id)
    if len(_met[place]) == TOGETHER:
        _full[place].set()
    await _full[place].wait()


async def does_all(job: JobContext[Any], path: str) -> dict[str, Any]:
    """Do what a coroutine can do, while other jobs in the same process do it."""
    name = Path(path).name
    first = await job.step("note", noted, path)
    await meet(job, "behind a step")
    await job.used(2)
    await job.sleep(0.01)
    answer = await job.wait("answer", timeout=600)
    await meet(job, "behind a wait")
    log.warning("%s goes on", name)
    async with job.connection() as connection:
        await meet(job, "with a connection")
        cursor = await connection.execute("SELECT %s::text AS name", [name])
        row = await cursor.fetchone()
    job.enqueued.append(Job(queue="children", type="child", payload=name))
    await job.commits_at_end()
    n = await job.scalar(int, "UPDATE counts SET n = n + 1 RETURNING n")
    return {
        "first": first,
        "answer": answer,
        "row": row and row[0],
        "name": name,
        "is_current": current_job().id == job.id,
        "headers": {**job.headers},
        "n": n,
        "pid": os.getpid(),
    }


async def waits_once(job: JobContext[Any], path: str) -> None:
    """In the first run, note that it runs, and wait for ever."""
    if noted(path) == 1:
        job.progress(1, 2, Path(path).name)
        await asyncio.sleep(600)


async def goes_on(job: JobContext[Any], path: str) -> None:
    """Heed no cancel."""
    noted(path)
    while True:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            log.warning("a cancel is ignored")


async def blocks(job: JobContext[Any], path: str) -> None:
    """Never give back the loop."""
    noted(path)
    while True:
        pass


async def crashes(job: JobContext[Any], path: str) -> None:
    """End the process."""
    os._exit(3)


async def process(job: JobContext[Any], payload: object) -> int:
    """Return the process that runs the job."""
    return os.getpid()


async def any_of(job: JobContext[Any], payload: list[str]) -> None:
    """Run the function of this name."""
    name, path = payload
    await globals()[name](job, path)
