"""Starts a run of jobs: on a database or a test's connection, in this loop or in one beside it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, NamedTuple

import psycopg

from ...client.async_connections import AsyncConnections
from ...model.attempts.outcome import OURS
from ...schedules import scheduling
from ...services.loading import entered
from ...statements.steps import Record
from ..stored import Pending
from .caller import run_in_loop
from .clock import Clock
from .database_interface import Database
from .drain import Drain
from .one_by_one import SLOTS, OneByOne
from .ran import JobFailed, Ran, Run
from .shared_connection import shared
from .sources import Sources
from .until import Goal

Place = str | psycopg.Connection[Any] | psycopg.AsyncConnection[Any]


class Result(NamedTuple):
    """The attempts, the due jobs without a handler, and why the goal was not met (None if met).

    `records` are those of steps that were stored.
    """

    ran: Ran
    unhandled: Sequence[Pending]
    unmet: str | None
    records: Sequence[Record]


def run_jobs(
    place: Place,
    schema: str | None,
    sources: Sources,
    clock: Clock,
    goal: Goal,
    *,
    stops_at_failure: bool,
    crash_after: str | int | None,
) -> Result:
    """Run jobs from a test without a loop; see `run_jobs_async`."""

    async def main(executor: ThreadPoolExecutor) -> Result:
        return await run_jobs_async(
            place,
            schema,
            sources,
            clock,
            goal,
            stops_at_failure=stops_at_failure,
            crash_after=crash_after,
            executor=executor,
        )

    return run_in_loop(main)


async def run_jobs_async(
    place: Place,
    schema: str | None,
    sources: Sources,
    clock: Clock,
    goal: Goal,
    *,
    stops_at_failure: bool,
    crash_after: str | int | None,
    executor: ThreadPoolExecutor | None = None,
) -> Result:
    """Run jobs until the goal. Raises ServiceError for incomplete services.

    Each job crashes once behind its step `crash_after`; with a number, the job that stores this
    record of the run does.
    """
    async with (
        entered(sources.services, sources.job_types) as services,
        _opened(place, schema) as database,
    ):
        for schedule in sources.schedules:
            await clock.run_steps(scheduling.add(schedule), database)
        worker = OneByOne(
            database, sources.handlers, services, sources.hooks, executor, crash_after
        )
        is_transaction = not isinstance(place, str)
        drain = Drain(worker, database, clock, sources.queues, is_transaction=is_transaction)
        ran = await drain.run(goal, stops_at_failure=stops_at_failure)
        await asyncio.sleep(0)  # tasks that the last job started can see its end
        unmet, steps = drain.unmet, worker.kit_steps
        if isinstance(crash_after, str) and not steps.crashed:
            names = ", ".join(map(repr, dict.fromkeys(each.name for each in steps.stored)))
            unmet = (
                f"run(crash_after={crash_after!r}): no job finished a step of this name; the "
                f"finished steps are {names or 'none'}"
            )
        return Result(Ran(ran), drain.unhandled, unmet, steps.stored)


@asynccontextmanager
async def _opened(place: Place, schema: str | None) -> AsyncIterator[Database]:
    if not isinstance(place, str):
        async with shared(place, schema) as connection:
            yield connection
        return
    connections = AsyncConnections(place, schema, SLOTS + 1)
    try:
        yield connections
    finally:
        await connections.close()


def failure_of(run: Run) -> BaseException:
    """The exception to raise for a failed attempt: that of the job's code, or JobFailed."""
    error = run.exception
    attempt = f"attempt {run.attempt} of {run.max_attempts}"
    if isinstance(error, Exception):
        error.add_note(f"in the job {run.type} ({attempt}, {run.outcome})")
        return error.with_traceback(_without_ours(error.__traceback__))
    failed = JobFailed(f"{run.type} {run.outcome} ({attempt}): {run.error}")
    failed.__cause__ = error
    return failed


def _without_ours(trace: TracebackType | None) -> TracebackType | None:
    """The traceback without frames of the runtime, wherever they are in it."""
    frames = []
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] not in OURS:
            frames.append((trace.tb_frame, trace.tb_lasti, trace.tb_lineno))
        trace = trace.tb_next
    found: TracebackType | None = None
    for frame in reversed(frames):
        found = TracebackType(found, *frame)
    return found
