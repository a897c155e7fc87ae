"""Handlers of each kind: they note each run in `pair_runs`, and do what the payload says."""

import asyncio
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypedDict
from uuid import UUID

import psycopg
from conduit_runtime import (
    BatchContext,
    BatchJob,
    JobContext,
    JobType,
    PlainContext,
    Retry,
    WorkerPool,
    current_job,
    job_type,
    upcast,
)
from pair_axes import BEHIND_STEPS, KILLS
from psycopg.types.json import Jsonb

RUNS = "CREATE TABLE pair_runs (job uuid, attempt int, payload jsonb)"
STEPS_RUN = "CREATE TABLE pair_steps (job uuid, name text)"
STEPS = ("first", "second", "third")
"""The steps of a job that fails or dies behind them: one, and two turns of a loop."""
TIMEOUT = 1.0
"""Seconds that an attempt may take."""
NAP = 1.0
"""Seconds that a job sleeps."""
WEIGHT, USED = 7, 3
"""For how many a job counts in limits, and what its handler then corrects that to."""
CORRECTING = ("batch", "coroutine", "isolated coroutine", "thread", "isolated thread")
"""Kinds whose handlers correct the weight of a job with a key."""
_LONG = 60.0
_NEIGHBOUR = "pairs.neighbour"


class Options(TypedDict):
    """The options of all handlers here."""

    base: timedelta
    backoff: Any


OPTIONS = Options(base=timedelta(milliseconds=10), backoff="constant")


@dataclass(frozen=True, slots=True)
class Old:
    what: str


@dataclass(frozen=True, slots=True)
class Wanted:
    what: str
    exact: Any


def note(id_: UUID, attempt: int, payload: object) -> int:
    """Note a run; returns how many runs the job has had."""
    with psycopg.connect(os.environ["PAIR_DSN"], autocommit=True) as connection:
        connection.execute(
            "INSERT INTO pair_runs VALUES (%s, %s, %s)", [id_, attempt, Jsonb(payload)]
        )
        count = "SELECT count(*) FROM pair_runs WHERE job = %s"
        [(runs,)] = connection.execute(count, [id_]).fetchall()
    return int(runs)


def note_step(name: str) -> str:
    """Note that a step of the present job runs; returns its name."""
    with psycopg.connect(os.environ["PAIR_DSN"], autocommit=True) as connection:
        connection.execute("INSERT INTO pair_steps VALUES (%s, %s)", [current_job().id, name])
    return name


def seconds_of(what: str, runs: int) -> float:
    """Do what a payload says, as far as that takes no time; returns the seconds to wait then."""
    if what in ("retries", "fails behind steps") and runs == 1:
        raise Retry(after=0)
    if what in KILLS and runs == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return _LONG if what == "is cancelled" or (what == "times out" and runs == 1) else 0.0


async def act(id_: UUID, attempt: int, what: str, exact: object) -> None:
    """What each coroutine handler does."""
    await asyncio.sleep(seconds_of(what, note(id_, attempt, {"what": what, "exact": exact})))


class Services:
    """The services of the generated package."""

    class postman:  # noqa: N801
        @staticmethod
        async def act(what: str, exact: object, note: object) -> None:
            job = current_job()
            await act(job.id, job.attempt, what, exact)

        step = staticmethod(note_step)


async def _alone(job: JobContext[Any], payload: Any) -> None:
    if payload.what == "sleeps":
        await job.sleep(NAP)
    if payload.what in BEHIND_STEPS:
        assert await job.step(STEPS[0], note_step, STEPS[0]) == STEPS[0]
        async for name in job.resume("loop", STEPS[1:]):
            await job.step(name, note_step, name)
    await job.commits_at_end()
    await job.scalar(int, "INSERT INTO marks (what) VALUES (%s) RETURNING id", [payload.what])
    if job.key is not None:
        await job.used(USED)
    await act(job.id, job.attempt, payload.what, payload.exact)


async def _isolated(job: JobContext[Any], payload: Any) -> None:
    await _alone(job, payload)


async def _together(context: BatchContext[Any], jobs: list[BatchJob[Any]]) -> None:
    for job in jobs:
        try:
            if job.key is not None:
                await job.used(USED)
            await act(job.id, job.attempt, job.payload.what, job.payload.exact)
        except Retry as error:
            context.fail(job, error)


def _typed(function: Any, name: str, **options: Any) -> JobType[Any, Any]:
    is_batch = "batch" in options
    kind = list[BatchJob[Wanted]] if is_batch else Wanted
    function.__annotations__["jobs" if is_batch else "payload"] = kind
    made = job_type(name, "new", **OPTIONS, **options)(function)

    @upcast(made, "old")
    def _(old: Old) -> Wanted:
        return Wanted(old.what, None)

    return made


COROUTINE = _typed(_alone, "pairs.coroutine")
ISOLATED = _typed(_isolated, "pairs.isolated coroutine", isolated=True, process_concurrency=2)
BATCH = _typed(_together, "pairs.batch", batch=5, wait=timedelta(milliseconds=50))


def _in_thread(job: PlainContext[Any], payload: dict[str, Any]) -> None:
    if payload["what"] == "sleeps":
        job.sleep(NAP)
    if payload["what"] in BEHIND_STEPS:
        assert job.step(STEPS[0], note_step, STEPS[0]) == STEPS[0]
        for name in job.resume("loop", STEPS[1:]):
            job.step(name, note_step, name)
    if job.key is not None:
        job.used(USED)
    seconds = seconds_of(payload["what"], note(job.id, job.attempt, payload))
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.02)
        job.raise_if_cancelled()


async def _neighbour(job: JobContext[Any], payload: object) -> None:
    note(job.id, job.attempt, payload)


def pool_of(queue: Any, generated: Iterable[JobType[Any, Any]]) -> WorkerPool:
    """A pool with all handlers, except those of Django."""
    jobs = [COROUTINE, ISOLATED, BATCH, *generated]
    pool = WorkerPool(queue, ["default"], jobs=jobs, services=Services(), workers=4, grace=1)
    pool.register("pairs.thread", _in_thread, **OPTIONS)
    pool.register("pairs.isolated thread", _in_thread, isolated=True, **OPTIONS)
    pool.register(_NEIGHBOUR, _neighbour)
    return pool
