"""The jobs that the workers of a chaos run know. Each job writes events."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import event_files
from conduit_runtime import BatchContext, BatchJob, Discard, JobContext, JobType, job_type

SOON = timedelta(seconds=0.1)
"""The wait after a failed attempt."""
VARIABLE = "CONDUIT_HISTORY_ISOLATED"
"""The variable with the job types that are isolated."""
ISOLATED = os.environ.get(VARIABLE, "").split()


def history_job(name: str, **options: Any) -> Callable[[Callable[..., Any]], JobType[Any, Any]]:
    """Make a job type, which is isolated if the run says so."""
    if name in ISOLATED:
        options["isolated"] = True
    return job_type(name, "1", backoff="constant", base=SOON, **options)


@dataclass(frozen=True, slots=True)
class Work:
    """Takes `seconds`, fails in the first `failures` attempts, then enqueues `children` jobs.

    `refused` is what Postgres refuses of the job itself; `refused_child` is what it refuses of the
    last of these jobs.
    """

    seconds: float
    failures: int
    children: int
    refused: str | None
    refused_child: str | None


@dataclass(frozen=True, slots=True)
class Child:
    """The n-th job that `parent` enqueues when it completes."""

    parent: UUID
    n: int
    refused: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """Returns a text that is `bytes` long as JSON."""

    bytes: int


@history_job("history.work")
async def work(job: JobContext[Any], payload: Work) -> None:
    await note(job, "began")
    await asyncio.sleep(payload.seconds)
    if job.attempt <= payload.failures:
        await note(job, "raises")
        raise RuntimeError("as planned")
    for n in range(1, payload.children + 1):
        refused = payload.refused_child if n == payload.children else None
        job.enqueue(child, Child(job.id, n, refused))
    await note(job, "ended")


@history_job("history.child", queue="parcels", max_attempts=50)
async def child(job: JobContext[Any], payload: Child) -> None:
    await note(job, "began")
    await note(job, "ended")


@history_job("history.discard")
async def discard(job: JobContext[Any], payload: dict[str, Any]) -> None:
    await note(job, "began")
    await note(job, "raises")
    raise Discard("as planned")


@dataclass(frozen=True, slots=True)
class Durable:
    """Makes so many `effects` and as many in `turns` of a loop, and takes `seconds` for each.

    It fails in the middle in the first `failures` attempts.
    """

    seconds: float
    failures: int
    effects: int
    turns: int


@history_job("history.durable", max_attempts=50)
async def durable(job: JobContext[Any], payload: Durable) -> None:
    """Note each effect that is made, and when its step is finished."""

    async def make(effect: str) -> None:
        await asyncio.sleep(payload.seconds)
        await note(job, f"made {effect}")

    await note(job, "began")
    for n in range(payload.effects):
        await job.step(f"effect {n}", make, f"effect {n}")
        await note(job, f"finished effect {n}")
    async for n in job.resume("turns", range(payload.turns)):
        await job.step("turn", make, f"turn {n}")
        await note(job, f"finished turn {n}")
        if job.attempt <= payload.failures:
            await note(job, "raises")
            raise RuntimeError("as planned")
    await note(job, "ended")


@dataclass(frozen=True, slots=True)
class OfKey:
    """Takes `seconds`, and fails in the first `failures` attempts."""

    seconds: float
    failures: int


async def _of_key(job: JobContext[Any], payload: OfKey) -> None:
    await note(job, "began")
    await asyncio.sleep(payload.seconds)
    if job.attempt <= payload.failures:
        await note(job, "raises")
        raise RuntimeError("as planned")
    await note(job, "ended")


@history_job("history.keyed", key_concurrency=2)
async def keyed(job: JobContext[Any], payload: OfKey) -> None:
    await _of_key(job, payload)


@history_job("history.ordered", ordered=True)
async def ordered(job: JobContext[Any], payload: OfKey) -> None:
    await _of_key(job, payload)


@history_job("history.shared")
async def shared(job: JobContext[Any], payload: OfKey) -> None:
    await _of_key(job, payload)


@history_job("history.tick", max_attempts=50)
async def tick(job: JobContext[Any], payload: dict[str, Any]) -> None:
    await note(job, "began")
    await note(job, "ended")


@history_job("history.rated", max_attempts=50)
async def rated(job: JobContext[Any], payload: dict[str, Any]) -> None:
    await note(job, "began")
    await note(job, "ended")


@history_job("history.result", max_attempts=50, keep_result=timedelta(days=1))
async def result(job: JobContext[Any], payload: Report) -> str:
    await note(job, "began")
    await note(job, "ended")
    return "x" * (payload.bytes - 2)


@history_job("history.batched", max_attempts=50, batch=20, wait=timedelta(seconds=0.2))
async def batched(batch: BatchContext[Any], jobs: list[BatchJob[dict[str, Any]]]) -> None:
    """Fail each job in its first `failures` attempts, and complete the others."""
    for job in jobs:
        await note(job, "began")
    await asyncio.sleep(0.02)
    for job in jobs:
        if job.attempt <= job.payload["failures"]:
            batch.fail(job, RuntimeError("as planned"))
        await note(job, "raises" if job.id in batch.failed else "ended")


async def note(job: JobContext[Any], what: str) -> None:
    """Write an event with the token of this attempt's claim."""
    token = job._job.token  # type: ignore[attr-defined]  # no handler needs it; the checker does
    if event_files.VARIABLE in os.environ:
        event_files.append(job.id, token, job.attempt, what)
        return
    async with job.connection() as connection, connection.transaction():
        await connection.execute(
            "INSERT INTO events (job, token, attempt, what) VALUES (%s, %s, %s, %s)",
            (job.id, token, job.attempt, what),
        )
    if event_files.COPY in os.environ:
        event_files.append(job.id, token, job.attempt, what, event_files.COPY)


JOBS = (work, child, discard, durable, tick, rated, result, batched, keyed, ordered, shared)
MAY_BE_ISOLATED = tuple(each.name for each in JOBS if each is not batched)
