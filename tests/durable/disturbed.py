"""Runs the jobs of a generated package, disturbed or not, and notes all that is seen of them."""

import inspect
import itertools
import logging
import re
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import ModuleType, SimpleNamespace
from typing import Any
from uuid import UUID

import psycopg
import pytest
from conduit_runtime import Retry, current_call, stdlib
from conduit_runtime.job_types.context import JobContext
from conduit_runtime.model.attempts.interruptions import Shutdown
from conduit_runtime.model.calls import entered_job
from conduit_runtime.testing import Jobs
from conduit_runtime.testing.run.kit_steps import KitSteps
from psycopg.rows import dict_row

# Emptied by DELETE: with all its indexes, TRUNCATE takes ten milliseconds.
ROWS = """
DELETE FROM items; DELETE FROM orders; DELETE FROM customers; DELETE FROM entries;
DELETE FROM conduit_signals; DELETE FROM conduit_steps; DELETE FROM jobs;
SELECT setval('entries_id_seq', 1, false);
INSERT INTO customers VALUES (1, 'Ada', 'ada@example.com', 3), (2, 'Bob', NULL, 0);
INSERT INTO orders VALUES (
  1, 'first', 'a note', 'paid', 10.50, 3, 0.5, '2024-03-01T10:00:00Z', '2024-03-05',
  '{a,b,c}', '{"a": 1}', '{"deep": [1, 2.5, null]}', '{"street": "Main", "zip": null}', 1, NULL
);
INSERT INTO items VALUES (1, 'one', 5, 1), (2, 'two', 1, 1), (3, 'three', 3, 1);
"""
SIGNAL = """
SELECT conduit_signal(id, NULL, NULL, 'approved', '{"yes": true, "by": {"name": "Ada"}}') FROM jobs
"""
"""Gives each job the signal `approved`, before it waits for it."""
TABLES = ("customers", "orders", "items", "entries")


@dataclass(frozen=True)
class Event:
    """What a job did: a call of a service, a write, or a line in a log.

    `job` is its type and its payload: its id is another one in each run.
    """

    job: str
    step: str | None
    what: tuple[Any, ...]

    @property
    def is_write(self) -> bool:
        """Whether it is a statement."""
        return self.what[0] == "write"


@dataclass
class Seen:
    """What is seen of the jobs of a run, in the order of time for each job.

    `stored` are the records of steps, each with its job type; `pauses` are the sleeps and waits
    among them.
    """

    events: dict[str, list[Event]] = field(default_factory=dict)
    rows: dict[str, list[Any]] = field(default_factory=dict)
    jobs: list[tuple[str, str, Any]] = field(default_factory=list)
    stored: list[tuple[str, str]] = field(default_factory=list)
    pauses: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list, compare=False)

    @property
    def effects(self) -> list[Event]:
        """The events without lines in a log."""
        each = itertools.chain.from_iterable(self.events.values())
        return [event for event in each if event.what[0] != "log"]

    def _repeated(self, number: int) -> list[Event]:
        """The events up to an effect that run again when its outcome is lost."""
        lost = self.effects[number]
        events = self.events[lost.job]
        at = next(place for place, event in enumerate(events) if event is lost)
        inside = [place for place, event in enumerate(events) if event.step == lost.step]
        first = inside[0]
        if lost.step is None:  # what follows the last step
            first = 1 + max((n for n, each in enumerate(events) if each.step), default=-1)
        return events[self.begin_of(events, first) : at + 1]

    def begin_of(self, events: list[Event], first: int) -> int:
        """Where code runs again from in a job's events, to come to the `first` event of a step."""
        while first and self._is_open(events[first - 1]):
            first -= 1
        return first

    def _is_open(self, event: Event) -> bool:
        """Whether an event is of a step that keeps what cannot be stored."""
        if event.step is None:
            return False
        step = re.sub(r"\[\d+\]", "", event.step)  # without the numbers of turns
        return (event.job.partition(" ")[0], step) not in self.stored

    def with_repeated(self, number: int) -> dict[str, list[Event]]:
        """The events of a run in which the outcome of an effect is lost."""
        lost = self.effects[number]
        events = self.events[lost.job]
        at = next(place for place, event in enumerate(events) if event is lost)
        again = [*events[: at + 1], *self._repeated(number), *events[at + 1 :]]
        return {**self.events, lost.job: again}

    def repeats_writes(self, number: int) -> bool:
        """Whether a write is made twice when the outcome of an effect is lost.

        It commits alone if its job has no steps, or if a service is called in the same step.
        """
        repeated = [each for each in self._repeated(number) if each.what[0] != "log"]
        job = self.effects[number].job
        has_steps = any(type_ == job.partition(" ")[0] for type_, _ in self.stored)
        is_alone = not has_steps or not all(event.is_write for event in repeated)
        return is_alone and any(event.is_write for event in repeated)


def rows_made(seen: Seen) -> dict[str, list[Any]]:
    """The rows without the numbers of entries: one that was undone has used up a number."""
    return {**seen.rows, "entries": [row[1:] for row in seen.rows["entries"]]}


class Service:
    """A service with any method; the name of the method says what it returns."""

    def __init__(self, name: str, note: Callable[..., None]) -> None:
        self._name = name
        self._note = note

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        async def called(*given: Any) -> Any:
            self._note(self._name, method, given)
            match method:
                case "hash":
                    return {"name": "Ada", "age": 36, "tags": ["x"], "nested": {"deep": 1}}
                case "object":
                    return SimpleNamespace(name="Bob", age=7, nothing=None)
                case "echo":
                    return given[0]
                case "fail":
                    raise ValueError(given[0])

        return called


class Flags:
    """A value of the application that changes."""

    def __init__(self, tick: Callable[[], int]) -> None:
        self._tick = tick

    @property
    def beta(self) -> int:
        return self._tick()


class Bench:
    """Runs packages in one database. The clock and randomness give each value once."""

    def __init__(self, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._dsn = dsn
        self._ticks = itertools.count()
        self._seen = Seen()
        self._lose: int | None = None
        self._lost = 0
        self._pause: str | None = None
        self._later = timedelta(0)
        self.services: Any = None
        self._crashed: set[UUID] = set()
        self._replace_sources(monkeypatch.setattr)
        self._watch(monkeypatch.setattr)

    def run(
        self,
        package: ModuleType,
        *,
        crash_after: str | None = None,
        pause: str | None = None,
        clock_stands: bool = False,
        lose: int | None = None,
        stop: int | None = None,
    ) -> Seen:
        """Run the hook and its jobs.

        Each job crashes behind the step `crash_after`, and when the sleep or wait `pause` is
        stored, before the attempt ends. The attempt with the effect number `lose`
        fails right behind that effect, which a `rescue` does not see. That of the effect `stop`
        does so too, and the job is not run again.
        """
        self._ticks = itertools.repeat(1) if clock_stands else itertools.count()
        self._seen, self._lose = Seen(), lose if stop is None else stop
        self._later = timedelta(hours=0 if stop is None else 1)
        self._pause, self._crashed = pause, set()
        names = ("ask", "one", "two")
        services = SimpleNamespace(**{each: Service(each, self._call) for each in names})
        services.notify = self._notify
        services.flags = Flags(lambda: next(self._ticks))
        self.services = services
        with psycopg.connect(self._dsn) as conn, _log_lines(self._line):
            conn.execute(ROWS)
            cursor = psycopg.Cursor(conn, row_factory=dict_row)
            row = cursor.execute("SELECT * FROM orders").fetchone()
            hook = package.order.after_update
            takes_services = "services" in inspect.signature(hook).parameters
            before = {**row, "size": 0}
            hook(conn, row, before, **({"services": services} if takes_services else {}))
            conn.execute(SIGNAL)
            conn.commit()
            ran = Jobs(self._dsn).run(
                services=services,
                job_types=package.JOBS,
                until=None if self._later else timedelta(hours=1),
                raises=False,
                crash_after=crash_after,
            )
            self._seen.errors = [str(each) for each in ran.failures]
            for table in TABLES:
                rows = conn.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
                self._seen.rows[table] = rows
            jobs = conn.execute("SELECT type, status, payload FROM jobs").fetchall()
            self._seen.jobs = sorted(jobs, key=repr)
        return self._seen

    def go_on(self, package: ModuleType) -> dict[str, list[Event]]:
        """Run the jobs that are due; return what they did."""
        self._seen, self._lose, self._pause = Seen(), None, None
        with _log_lines(self._line):
            Jobs(self._dsn).run(services=self.services, job_types=package.JOBS, raises=False)
        return self._seen.events

    def _note(self, *what: Any) -> None:
        job: Any = entered_job.get()
        name = f"{job.type} {job.payload}"
        event = Event(name, job.step, what)
        self._seen.events.setdefault(name, []).append(event)
        if what[0] != "log":
            self._lose_outcome(event)

    def _lose_outcome(self, event: Event) -> None:
        lose = self._lose
        if lose is not None and self._seen.effects[lose : lose + 1] == [event]:
            self._lose = None
            raise Retry(self._later)

    def _call(self, *what: Any) -> None:
        number = current_call().key.partition("/")[2]  # without the job's id
        self._note("call", number, *what)

    async def _notify(self, *given: Any) -> None:
        self._call("notify", *given)

    def _line(self, record: logging.LogRecord) -> None:
        self._note("log", record.getMessage())

    def _replace_sources(self, replace: Callable[..., None]) -> None:
        def tick() -> int:
            return next(self._ticks)

        def now() -> datetime:
            return datetime(2024, 3, 1, tzinfo=UTC) + timedelta(seconds=tick())

        def unique() -> UUID:
            return UUID(int=tick(), version=4)

        values: dict[tuple[type, str], Callable[..., Any]] = {
            (stdlib.Time, "now"): now,
            (stdlib.Time, "today"): lambda: date(2024, 3, 1) + timedelta(days=tick()),
            (stdlib.Random, "int"): lambda *_: tick(),
            (stdlib.Random, "float"): lambda *_: tick() / 7,
            (stdlib.UUID, "generate"): unique,
            (stdlib.Env, "get"): lambda *_: str(tick()),
            (stdlib.Cache, "get"): lambda *_: tick(),
        }
        for (owner, name), value in values.items():
            replace(owner, name, staticmethod(value))

    def _watch(self, replace: Callable[..., None]) -> None:
        run, store, within = JobContext._run, KitSteps._store, KitSteps.store_within
        wait = KitSteps.wait

        async def noted_run(context: Any, query: Any) -> Any:
            result = await run(context, query)
            if not query.sql.startswith("SELECT"):
                self._note("write", query.sql, [str(each) for each in query.values])
            return result

        async def noted_store(steps: Any, record: Any) -> bool:
            self._seen.stored.append((record.job.type, record.name))
            return await store(steps, record)

        async def noted_within(steps: Any, record: Any, connection: Any) -> bool:
            self._seen.stored.append((record.job.type, record.name))
            return await within(steps, record, connection)

        async def noted_wait(steps: Any, pause: Any) -> Any:
            record, is_pause = (pause.job.type, pause.name), pause.name == self._pause
            if record not in self._seen.stored:
                self._seen.stored.append(record)
            self._seen.pauses.add(pause.name)
            found = await wait(steps, pause)
            if is_pause and pause.job.id not in self._crashed:
                self._crashed.add(pause.job.id)
                raise Shutdown
            return found

        replace(KitSteps, "wait", noted_wait)
        replace(KitSteps, "store_within", noted_within)
        replace(JobContext, "_run", noted_run)
        replace(KitSteps, "_store", noted_store)


@contextmanager
def _log_lines(note: Callable[[logging.LogRecord], None]) -> Any:
    """Give the lines that jobs log to a function."""
    handler = logging.Handler(logging.DEBUG)
    handler.emit = note  # type: ignore[method-assign]
    logger = logging.getLogger("conduit")
    level = logger.level
    handler.addFilter(lambda record: record.name == "conduit")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
