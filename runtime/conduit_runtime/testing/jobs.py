# Generated from async_jobs.py by .ci/unasync.py; do not edit.
"""The jobs of a test, for synchronous code."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg.conninfo import make_conninfo

from ..client.given_connections import Given
from ..job_types.job_type import JobType
from ..model.job import Job
from ..postgres.dsn import url_of
from ..postgres.execute import own, run
from ..postgres.other_drivers import other
from ..postgres.statement import Statement
from ..postgres.steps import Steps, run_steps
from ..statements.steps import signal
from ..worker.pool import WorkerPool
from . import report
from .factories import payload as make_payload
from .fake_services import Fakes
from .matching import criteria
from .run.clock import Clock, duration_of, move
from .run.durable import check_durable
from .run.ran import Ran, UnhandledJobs
from .run.sources import Sources, all_protocols
from .run.start import failure_of, run_jobs
from .run.until import Until, goal_of
from .spy import Spy
from .stored import all_jobs

T = TypeVar("T")
Connection = psycopg.Connection[Any]
Database = str | Given | Callable[[], str | Given]
AnyType = JobType[Any, Any] | str | None
Status = str | Iterable[str] | None


class Jobs:
    """The jobs of a database, or of a transaction: assert them, run them, and move time.

    `database` is a connection string, a connection, or a function that returns one of these and is
    called at each use. On a connection, everything happens within its open transaction, and nothing
    is committed. `schema` is the schema of the queue's tables; without it, the search path finds
    them. `default_pool` makes the pool of a `run` that is given no `pool` and no `job_types`.
    """

    def __init__(
        self,
        database: Database,
        schema: str | None = None,
        *,
        default_pool: Callable[[], WorkerPool] | None = None,
    ) -> None:
        given: Any = database
        if not (isinstance(given, str | psycopg.Connection) or callable(given)):
            other(given, "Jobs")
        self._database = database
        self._default_pool = default_pool
        self._schema = schema
        self._clock = Clock()
        self._before: set[UUID] = set()
        self._among: set[UUID] | None = None

    @property
    def dsn(self) -> str:
        """The connection string of the database, to open a `Queue` or to start a worker."""
        given = self._given()
        if isinstance(given, str):
            return given
        if not isinstance(given, psycopg.Connection):
            raise TypeError("an asyncpg connection does not keep its connection string")
        return url_of(make_conninfo(given.info.dsn, password=given.info.password or None))

    @cached_property
    def fakes(self) -> Fakes:
        """Fakes of the services that the jobs of all imported packages call.

        `fakes(Services)` returns these fakes, and adds the services that only hooks of a package
        call. `run` uses the fakes unless it is given services.
        """
        return Fakes(all_protocols())

    @staticmethod
    def payload(of: JobType[Any, T] | type[T], /, **fields: Any) -> T:
        """Make a payload, or another dataclass of a generated package: see `payload` of the kit."""
        return make_payload(of, **fields)

    def within(self, connection: Given) -> "Jobs":
        """Return the jobs that a connection sees within its open transaction."""
        return Jobs(connection, self._schema, default_pool=self._default_pool)

    @contextmanager
    def transaction(self) -> Iterator[tuple[Connection, "Jobs"]]:
        """Yield a connection and the jobs within its transaction; roll it back at the end."""
        with psycopg.Connection.connect(self.dsn) as connection:
            try:
                yield connection, self.within(connection)
            finally:
                connection.rollback()

    def enqueued(
        self,
        type: AnyType = None,
        /,
        *,
        status: Status = None,
        payload: Mapping[str, Any] | None = None,
        **like: Any,
    ) -> list[Job]:
        """Return the jobs that match, in the order in which they were enqueued.

        `type` is a job type, its name, or None for all types. `queue`, `priority`, `max_attempts`,
        `key`, `run_at` and `delay` (since the enqueue) are options of the job; times may differ by
        a second. Other named arguments are fields of the payload; a hash may have more keys than
        the given ones. If a field has the name of an option or of an argument, give it in
        `payload`.

        `status` is one or several statuses of a job, "blocked" (the job waits in a flow) or "any".
        Without `status`, all jobs that have not ended match.
        """
        __tracebackhide__ = True
        wanted = criteria(type, status, payload, like)
        return [job for job in self._jobs() if wanted.matches(job)]

    def assert_enqueued(
        self,
        type: AnyType = None,
        /,
        *,
        count: int | None = None,
        status: Status = None,
        payload: Mapping[str, Any] | None = None,
        **like: Any,
    ) -> Job:
        """Return the first job that matches; the arguments are those of `enqueued`.

        Raises AssertionError if no job matches or, with `count`, if another number of jobs matches.
        The message shows the jobs that come nearest.
        """
        __tracebackhide__ = True
        wanted = criteria(type, status, payload, like)
        jobs = self._jobs()
        found = [job for job in jobs if wanted.matches(job)]
        if not found or (count is not None and len(found) != count):
            raise AssertionError(report.missing(wanted, jobs, count, len(found)))
        return found[0]

    def refute_enqueued(
        self,
        type: AnyType = None,
        /,
        *,
        status: Status = None,
        payload: Mapping[str, Any] | None = None,
        **like: Any,
    ) -> None:
        """Raise AssertionError if a job matches; the arguments are those of `enqueued`."""
        __tracebackhide__ = True
        wanted = criteria(type, status, payload, like)
        if found := [job for job in self._jobs() if wanted.matches(job)]:
            raise AssertionError(report.unwanted(wanted, found))

    @contextmanager
    def only(self) -> Iterator["Jobs"]:
        """Yield the jobs that are enqueued within the block; jobs after its end do not count."""
        block = Jobs(self._database, self._schema, default_pool=self._default_pool)
        block._clock = self._clock
        block._before = {job.id for job in self._jobs()}
        yield block
        block._among = {job.id for job in block._jobs()}

    def run(
        self,
        *,
        services: object = None,
        pool: WorkerPool | None = None,
        job_types: Iterable[JobType[Any, Any]] | None = None,
        until: Until = None,
        raises: bool = True,
        crash_after: str | None = None,
    ) -> Ran:
        """Run the due jobs one after another, and the due jobs that these enqueue.

        `pool` gives handlers, queues, services and schedules; `job_types` gives handlers alone.
        Without both, the handlers of all imported generated packages run the jobs. `services` is
        what a worker takes; if neither it nor a pool gives services, the jobs call the `fakes`. Due
        schedules run, too.

        With `until`, the run goes on and moves time to what is due later, such as a retry. `until`
        is a job type, a moment (an aware datetime, or a timedelta from now) or a function of a
        `Run`. If nothing is left to wait for, the run raises AssertionError, unless `until` is a
        moment.

        The run ends at the first attempt that fails: it stores the outcome, then raises the
        exception of the attempt. With `raises=False` the run goes on, and returns the failed
        attempts with the others. The run leaves due jobs without a handler, and warns of them
        (UnhandledJobs).

        With `crash_after`, each job crashes once, right behind its step of that name, and runs
        again. The attempt that crashed is not among those that are returned. If no job finishes
        such a step, the run raises AssertionError.
        """
        __tracebackhide__ = True
        sources = Sources(services, pool, job_types, self._default_pool, lambda: self.fakes)
        goal = goal_of(until)
        database = self._place()
        result = run_jobs(
            database,
            self._schema,
            sources,
            self._clock,
            goal,
            stops_at_failure=raises,
            crash_after=crash_after,
        )
        for each in result.unhandled:
            text = f"run() left {each.jobs} × {each.type}: it knows no handler of this type"
            warnings.warn(text, UnhandledJobs, stacklevel=2)
        if raises and result.ran.failures:
            raise failure_of(result.ran.failures[0])
        if result.unmet is not None:
            raise AssertionError(result.unmet)
        return result.ran

    def assert_durable(
        self,
        *,
        services: object = None,
        pool: WorkerPool | None = None,
        job_types: Iterable[JobType[Any, Any]] | None = None,
        until: Until = None,
    ) -> None:
        """Assert that a crash behind any step repeats no effect and changes no result.

        Runs the due jobs without a crash, then once for each step, with a crash behind it, and
        undoes each run; of a loop, two turns crash. The arguments are those of `run`. What the runs
        must have in common are the calls of fakes, the rows of the application's tables, all jobs,
        and the results of steps and jobs. A part that differs between two undisturbed runs, such as
        a time, is not compared. What a job commits over a connection of its own is not undone.

        Raises AssertionError that names the step and each effect, or if there is nothing to assert:
        no job is due, or none of the handlers written by hand finished a step. Raises the exception
        of a job that fails without a crash.
        """
        __tracebackhide__ = True
        sources = Sources(services, pool, job_types, self._default_pool, lambda: self.fakes)
        place, goal = self._place(), goal_of(until)
        check_durable(place, self._schema, sources, self._clock, goal)

    def advance(self, by: timedelta | None = None, /, **units: float) -> None:
        """Move time forward by a timedelta, or by its parts: `advance(hours=1)`.

        All times that the queue has stored become earlier by this duration, so a job that was due
        within it is due now. Call `run` to run them. Python's clock and the application's tables do
        not change.
        """
        duration = duration_of(by, units)
        self._run(move(duration))
        self._clock.offset += duration

    def signal(self, job: UUID | str | tuple[str, Any], name: str, value: Any = None) -> bool:
        """Send a job a signal, as `Queue.signal` does; call `run` to let the job go on."""
        return self._run(signal(job, name, value))

    def spy(self) -> Spy:
        """Return a Spy, to wait for the jobs of a worker that runs beside the test."""
        return Spy(self.dsn, self._schema)

    def _given(self) -> str | Given:
        given: Any = self._database
        while callable(given):
            given = given()
        found: str | Given = given
        return found

    def _place(self) -> str | Connection:
        given = self._given()
        if isinstance(given, str):
            return given
        if not isinstance(given, psycopg.Connection):
            raise TypeError("jobs run on psycopg: commit, and run them on a database of the test's")
        given.execute("SELECT 1")
        return given

    def _jobs(self) -> list[Job]:
        jobs = self._run_steps(all_jobs(self._clock.offset))
        return [
            job
            for job in jobs
            if job.id not in self._before and (self._among is None or job.id in self._among)
        ]

    def _run(self, statement: Statement[T]) -> T:
        given = self._given()
        if isinstance(given, psycopg.Connection):
            return run(given, statement, self._schema)
        if not isinstance(given, str):
            return other(given, "Jobs").run(statement, self._schema)
        with psycopg.Connection.connect(given) as connection:
            own(connection)
            return run(connection, statement, self._schema)

    def _run_steps(self, steps: Steps[T]) -> T:
        return run_steps(steps, self._run)
