"""The worker of a test: it claims a job or a batch, runs it, and writes the outcome.

Claims, decoding, handlers and outcomes are those of a real worker. Left out are the parts for many
jobs at once, and those that protect against the worker's own death.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import psycopg

from ...job_types.steps import StepStore
from ...model.attempts.outcome import released
from ...model.claimed import Claimed
from ...model.errors import JobLost
from ...model.lanes import Lane
from ...model.queues.controls import Controls, SourceLimits
from ...services.protocols import Prepared
from ...statements import worker_registry
from ...statements.claims import BY_WORKERS
from ...statements.flows import advance, watch
from ...statements.limits.limited_claims import Wanted, claim_within
from ...statements.limits.type_limits import apply_source
from ...statements.outcomes import Attempt, Written, mark_started, progress, use, write
from ...statements.results import of_predecessors
from ...worker.acknowledge.apart_writer import refused
from ...worker.heartbeat.upkeep import fallback_lanes, unhandled_lanes
from ...worker.interfaces import RunnerHost
from ...worker.metrics import Metrics
from ...worker.run.around import AroundHooks
from ...worker.run.handlers import HandlerRegistry
from ...worker.run.runner import Runner
from ...worker.timing import Timing
from .attempts import Noted, Outcomes, run_of
from .database_interface import Database
from .kit_steps import KitSteps
from .ran import Run

if TYPE_CHECKING:
    from ...telemetry.spans import JobTracer

SLOTS = 10
"""Threads for plain functions. A function that outlives its attempt keeps its thread."""


class OneByOne(RunnerHost):
    """Runs the jobs of its queues one after another. It belongs to one loop."""

    def __init__(
        self,
        database: Database,
        registry: HandlerRegistry,
        services: Prepared,
        hooks: AroundHooks | None = None,
        executor: ThreadPoolExecutor | None = None,
        crash_after: str | int | None = None,
    ) -> None:
        self.registry = registry
        self.services = services
        self.metrics = Metrics()
        self.timing = Timing()
        self.concurrency = SLOTS
        self.is_draining = True  # no job of a batch waits for others
        self.queues: dict[str, int | None] = {}
        self.lanes: list[Lane] = []
        self.name = f"test-{os.getpid()}-{secrets.token_hex(4)}"
        self._database = database
        self.kit_steps = KitSteps(database, crash_after)
        self._controls = Controls()
        self._ordered: dict[str, SourceLimits] = {}
        self._ended: Collection[UUID] = ()
        self._capacity = asyncio.Event()
        self._noted = Noted()
        self._written: dict[UUID, tuple[Attempt, bool]] = {}
        self._outcomes = Outcomes(self._write, self._begin)
        # The runner asks for no more than this class has.
        self._runner = Runner(
            self,
            registry,
            self._outcomes,
            hooks,
            cast("JobTracer", self._noted),
            executor=executor,
        )

    async def register(self, queues: Sequence[str]) -> float | None:
        """Serve these queues; return the seconds until the next schedule is due."""
        run = self._database.run
        self.queues = dict.fromkeys(queues)
        handled = self.registry.lanes()
        host, pid = socket.gethostname(), os.getpid()
        self._ordered = {
            type_: SourceLimits(key_order=limits.key_order)
            for type_, limits in self.registry.limits().items()
            if limits.key_order is not None
        }
        await run(
            worker_registry.register(
                self.name, None, host, pid, queues, handled, limits=self._ordered
            )
        )
        await self._apply_order()
        heartbeat = await run(worker_registry.heartbeat(self.name, queues))
        self._controls = heartbeat.controls or Controls()
        waiting = await run(worker_registry.unhandled_types(queues))
        # Like a worker that drains, it also tries types that no worker knows.
        self.lanes = [
            *handled,
            *fallback_lanes(self.registry, waiting, unhandled_lanes(waiting)),
        ]
        return heartbeat.due

    async def close(self) -> None:
        """Deregister."""
        # In a failed transaction, no registration is left to remove.
        with suppress(psycopg.errors.InFailedSqlTransaction):
            await self._database.run(worker_registry.deregister(self.name))
            await self._apply_order()
        self._runner.threads.close()

    async def _apply_order(self) -> None:
        """Apply what of the source's limits matters to jobs that run one after another."""
        if self._ordered:
            async with self._database.transaction() as connection:
                await self._database.run_steps(apply_source(), connection)

    async def run_next(self) -> list[Run]:
        """Claim and run a job or a batch; return its attempts, an empty list if nothing is due."""
        while self.queues and self.lanes:
            jobs = await self._claim(self.queues, self.lanes, 1)
            if not jobs:
                break
            batching = self.registry.batched.get(jobs[0].type)
            if batching is not None and batching.size > 1:
                lanes = [lane for lane in self.lanes if lane[0] == jobs[0].type]
                jobs += await self._claim([jobs[0].queue], lanes, batching.size - 1)
            if runs := await self._attempt(jobs):
                return runs
        return []

    async def _claim(
        self, queues: Iterable[str], lanes: Sequence[Lane], limit: int
    ) -> list[Claimed]:
        sizes = dict.fromkeys(queues, limit)
        limited = sorted(self._controls.limited.intersection(sizes))
        types = sorted(self._controls.limited_types.intersection(type_ for type_, _ in lanes))
        wanted = Wanted(sizes, lanes, limit, limited, types)
        # A refused claim would abort the test's own transaction.
        steps = claim_within(BY_WORKERS, self.name, wanted, waits=True, apart=True, alone=False)
        async with self._database.transaction() as connection:
            counted = await self._database.run_steps(steps, connection)
        return counted.jobs

    async def _attempt(self, jobs: list[Claimed]) -> list[Run]:
        """Run claimed jobs and write their outcomes, except those of released jobs."""
        self._written.clear()
        self._noted.clear()
        self._runner.take(jobs, monotonic())
        while not self._runner.is_idle:
            await self._capacity.wait()
            self._capacity.clear()
        for attempt, written in self._outcomes.take_completed():
            await self._note(attempt, written)
        released_ids = set()
        for attempt in self._outcomes.take():
            await self._write(attempt)
            if attempt.outcome is released:
                released_ids.add(attempt.job.id)
        runs = []
        for job in jobs:
            if job.id not in released_ids:
                attempt, is_held = self._written.get(job.id, (Attempt(job), False))
                runs.append(run_of(job, attempt, self._noted, is_held=is_held))
        return runs

    async def _write(self, attempt: Attempt) -> None:
        try:
            written = await self._database.run(write([attempt]))
        except psycopg.errors.InFailedSqlTransaction as error:
            raise RuntimeError(
                f"SQL of the job {attempt.job.type} failed on the test's own connection, and has "
                "aborted its transaction: the code of jobs needs a savepoint for such SQL, such as "
                "`with connection.transaction():` or Django's `atomic()`"
            ) from self._noted.raised.get(attempt.job.id, error)
        except psycopg.Error as error:
            attempt = refused(attempt, error)
            written = await self._database.run(write([attempt]))
        await self._note(attempt, written)

    async def _note(self, attempt: Attempt, written: Written) -> None:
        """Note what was written, and release the jobs that waited for this one."""
        self._written[attempt.job.id] = attempt, bool(written.attempts)
        more = written.advancing
        while more:
            more = await self._database.run(advance(more))

    async def _begin(self, attempt: Attempt) -> bool:
        held = await self._database.run(mark_started([attempt]))
        return bool(held)

    async def advance_flows(self) -> bool:
        """Advance flows whose jobs ended unnoticed; return False if there are none."""
        ended = (await self._database.run(watch(None))).ended
        if not ended or ended == self._ended:
            return False
        self._ended = ended
        await self._database.run(advance(ended))
        return True

    def on_capacity(self) -> None:
        self._capacity.set()

    def connection(self) -> AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]:
        return self._database.connection()

    def linger(self, thread: "Future[None]", /) -> None:
        self._runner.threads.linger(thread)

    async def results_before(self, job: Claimed, /) -> list[Any]:
        return await self._database.run(of_predecessors(job.id))

    stores_steps = True

    def steps(self, job: Claimed, /) -> StepStore:
        return self.kit_steps

    async def progress(self, job: Claimed, note: dict[str, Any], /) -> None:
        if not await self._database.run(progress(job, note)):
            raise JobLost(f"job {job.id} is no longer held")

    async def used(self, job: Claimed, weight: int, /) -> None:
        if await self._database.run(use(job, weight)) is None:
            raise JobLost(f"job {job.id} is no longer held")
