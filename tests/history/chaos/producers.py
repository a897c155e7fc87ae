"""Applications that enqueue jobs, and sometimes roll back, and an operator."""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
from conduit_runtime import Flow, Job, Queue
from psycopg.conninfo import make_conninfo
from random_jobs import lost_flow, random_flow, random_job, short_job

MOST_WAITING = 1_000
"""The number of waiting jobs above which no more are enqueued."""


class Actor(threading.Thread):
    """Acts repeatedly on a connection of its own, until stopped. It reconnects after errors."""

    def __init__(self, dsn: str, role: str, seed: int, pause: float) -> None:
        super().__init__(name=f"{role}-{seed}", daemon=True)
        self._dsn = make_conninfo(dsn, user=role)
        self._pause = pause
        self._stopping = threading.Event()
        self.random = random.Random(f"{role} {seed}")
        self.queue = Queue(self._dsn)

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                with psycopg.connect(self._dsn, autocommit=True) as connection:
                    while not self._stopping.wait(self.random.uniform(0, 2 * self._pause)):
                        self.act(connection)
            except (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction):
                time.sleep(0.05)  # the server is gone, or no longer leads

    def stop(self) -> None:
        """Wait until the last act is over."""
        self._stopping.set()
        self.join(timeout=60)

    def wait(self, seconds: float) -> None:
        """Wait for so many seconds, or until `stop` is called."""
        self._stopping.wait(seconds)

    def act(self, connection: psycopg.Connection) -> None:
        """Do one thing."""
        raise NotImplementedError


class Producer(Actor):
    """Enqueues jobs in transactions, together with a promise of each.

    `confirmed` are the jobs whose commit was confirmed, and when; `withdrawn` those that were
    rolled back. A job whose commit was not confirmed is in neither. Every `every` seconds the
    producer enqueues a flow of `large` members that never run.
    """

    def __init__(self, dsn: str, seed: int, pause: float, large: int, every: float) -> None:
        super().__init__(dsn, "producer", seed, pause)
        self.confirmed: dict[UUID, datetime] = {}
        self.withdrawn: set[UUID] = set()
        self.make: Callable[[random.Random], Job] = random_job
        self._large, self._every = large, every
        self._next_large = time.monotonic() + every / 2

    def act(self, connection: psycopg.Connection) -> None:
        if time.monotonic() > self._next_large:
            self._next_large = time.monotonic() + self._every
            self._enqueue_large_flow(connection)
            return
        deeds: list[Callable[[psycopg.Connection], None]] = [
            *[self._commit] * 6,
            self._enqueue_flow,
            self._roll_back,
            self._roll_back_flow,
            self._roll_back_in_part,
            self._disappear,
        ]
        self.random.choice(deeds)(connection)

    def _commit(self, connection: psycopg.Connection) -> None:
        count = 60 if self.random.random() < 0.04 else self.random.randint(1, 4)
        with connection.transaction():
            jobs = self._promise(connection, count)
        self.confirm(jobs)

    def confirm(self, jobs: Iterable[UUID]) -> None:
        """Note that the commit of these jobs was confirmed a moment ago."""
        self.confirmed |= dict.fromkeys(jobs, datetime.now(UTC))

    def _roll_back(self, connection: psycopg.Connection) -> None:
        with connection.transaction(force_rollback=True):
            self.withdrawn |= self._promise(connection, 3)

    def _enqueue_flow(self, connection: psycopg.Connection) -> None:
        flow = random_flow(self.random)
        with connection.transaction():
            jobs = self._promise_flow(connection, flow)
        self.confirm(jobs)

    def _enqueue_large_flow(self, connection: psycopg.Connection) -> None:
        flow = lost_flow(self.random, self._large)
        with connection.transaction():
            jobs = self._promise_flow(connection, flow)
        self.confirm(jobs)
        if self.random.random() < 0.5:
            with Queue(make_conninfo(self._dsn, user="operator")) as queue:
                queue.cancel(flow.jobs[0].id)

    def _roll_back_flow(self, connection: psycopg.Connection) -> None:
        with connection.transaction(force_rollback=True):
            self.withdrawn |= self._promise_flow(connection, random_flow(self.random))

    def _roll_back_in_part(self, connection: psycopg.Connection) -> None:
        with connection.transaction():
            jobs = self._promise(connection, 2)
            with connection.transaction(force_rollback=True):
                self.withdrawn |= self._promise(connection, 2)
        # If the connection broke in that block, psycopg does not report that it could not commit.
        if not connection.closed:
            self.confirm(jobs)

    def _disappear(self, connection: psycopg.Connection) -> None:
        with psycopg.connect(self._dsn) as other:
            self.withdrawn |= self._promise(other, 2)
            other.close()

    def _promise(self, connection: psycopg.Connection, count: int) -> set[UUID]:
        jobs = [self.make(self.random) for _ in range(count)]
        for job in jobs:
            connection.execute("INSERT INTO promises VALUES (%s)", (job.id,))
        self.queue.enqueue_many(jobs, conn=connection)
        return {job.id for job in jobs}

    def _promise_flow(self, connection: psycopg.Connection, flow: Flow) -> set[UUID]:
        waits_for: defaultdict[UUID, list[UUID]] = defaultdict(list)
        for before, after in flow.dependencies:
            waits_for[after].append(before)
        with connection.cursor().copy("COPY promises FROM STDIN") as copy:
            for job in flow.jobs:
                policy = flow.on_failure.get(job.id, "cancel")
                copy.write_row((job.id, waits_for[job.id], policy))
        self.queue.enqueue_flow(flow, conn=connection)
        return {job.id for job in flow.jobs}


class Flood(Producer):
    """Enqueues many jobs at a time while few wait, until there are `wanted`.

    Those of a time are due so many seconds `apart`. `make` makes each, by default a short one.
    """

    def __init__(
        self,
        dsn: str,
        seed: int,
        wanted: int,
        apart: float = 0,
        make: Callable[[random.Random], Job] = short_job,
    ) -> None:
        super().__init__(dsn, seed, 0.02, large=0, every=float("inf"))
        self.make = make
        self._wanted = wanted
        self._apart = apart

    @property
    def is_done(self) -> bool:
        """Whether all of them are enqueued."""
        return len(self.confirmed) >= self._wanted

    def act(self, connection: psycopg.Connection) -> None:
        [(waiting,)] = connection.execute("SELECT count(*) FROM jobs WHERE status = 'pending'")
        left = self._wanted - len(self.confirmed)
        if waiting > MOST_WAITING or left <= 0:
            return
        jobs = [self.make(self.random) for _ in range(min(left, MOST_WAITING // 4))]
        for n, job in enumerate(jobs):
            job.delay = timedelta(seconds=n * self._apart)
        with connection.transaction():
            with connection.cursor().copy("COPY promises (job) FROM STDIN") as copy:
                for job in jobs:
                    copy.write_row((job.id,))
            self.queue.enqueue_many(jobs, conn=connection)
        self.confirm(job.id for job in jobs)


class Operator(Actor):
    """Cancels jobs and retries them by hand, in whatever state they are.

    `cancelled` are blocked jobs that the operator tried to cancel.
    """

    def __init__(self, dsn: str, seed: int, pause: float) -> None:
        super().__init__(dsn, "operator", seed, pause)
        self.cancelled: set[UUID] = set()

    def act(self, connection: psycopg.Connection) -> None:
        if self.random.random() < 0.1:
            self._cancel_blocked(connection)
            return
        found = connection.execute(
            "SELECT id FROM jobs WHERE status = %s ORDER BY seq DESC OFFSET %s LIMIT 1",
            (self.random.choice(("pending", "running", "running")), self.random.randint(0, 5)),
        ).fetchone()
        if found is None:
            return
        deed = self.random.choice(("cancel", "retry", "by hand"))
        if deed == "cancel":
            self.queue.cancel(found[0], conn=connection)
        elif deed == "retry":
            self.queue.retry(found[0], conn=connection)
        else:
            connection.execute(
                "UPDATE jobs SET status = 'pending', attempts = 0, run_at = now() WHERE id = %s",
                found,
            )

    def _cancel_blocked(self, connection: psycopg.Connection) -> None:
        found = connection.execute(
            "SELECT id FROM conduit_blocked_jobs WHERE error IS NULL ORDER BY random() LIMIT 1"
        ).fetchone()
        if found is not None:
            self.cancelled.add(found[0])
            self.queue.cancel(found[0], conn=connection)
