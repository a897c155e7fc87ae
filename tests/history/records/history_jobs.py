"""The jobs that the workers of a chaos run know. Each job writes events."""

import asyncio
import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import event_files
from conduit_runtime import BatchContext, BatchJob, Discard, JobContext, job_type

SOON = timedelta(seconds=0.1)
"""The wait after a failed attempt."""


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


@job_type("history.work", "1", backoff="constant", base=SOON)
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


@job_type("history.child", "1", queue="parcels", max_attempts=50, backoff="constant", base=SOON)
async def child(job: JobContext[Any], payload: Child) -> None:
    await note(job, "began")
    await note(job, "ended")


@job_type("history.discard", "1", backoff="constant", base=SOON)
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


@job_type("history.durable", "1", max_attempts=50, backoff="constant", base=SOON)
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


@job_type("history.keyed", "1", backoff="constant", base=SOON, key_concurrency=2)
async def keyed(job: JobContext[Any], payload: OfKey) -> None:
    await _of_key(job, payload)


@job_type("history.ordered", "1", backoff="constant", base=SOON, ordered=True)
async def ordered(job: JobContext[Any], payload: OfKey) -> None:
    await _of_key(job, payload)


@job_type("history.shared", "1", backoff="constant", base=SOON)
async def shared(job: JobContext[Any], payload: OfKey) -> None:
    await _of_key(job, payload)


@job_type("history.tick", "1", max_attempts=50, backoff="constant", base=SOON)
async def tick(job: JobContext[Any], payload: dict[str, Any]) -> None:
    await note(job, "began")
    await note(job, "ended")


@job_type("history.rated", "1", max_attempts=50, backoff="constant", base=SOON)
async def rated(job: JobContext[Any], payload: dict[str, Any]) -> None:
    await note(job, "began")
    await note(job, "ended")


@job_type(
    "history.result",
    "1",
    max_attempts=50,
    backoff="constant",
    base=SOON,
    keep_result=timedelta(days=1),
)
async def result(job: JobContext[Any], payload: Report) -> str:
    await note(job, "began")
    await note(job, "ended")
    return "x" * (payload.bytes - 2)


@job_type(
    "history.batched",
    "1",
    max_attempts=50,
    backoff="constant",
    base=SOON,
    batch=20,
    wait=timedelta(seconds=0.2),
)
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
