"""Compiles programs into one package, and runs them as hooks and as jobs."""

import dataclasses
import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import psycopg
from conduit_runtime import Queue, Range, WorkerPool, current_job
from conduit_runtime.model.attempts.interruptions import Shutdown
from conduit_runtime.testing import Jobs
from conduit_runtime.testing.run.kit_steps import KitSteps
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from .program import PLACES, Program
from .source.kinds import FIELDS, Kind

_COLUMNS = {
    "int": "int8", "float": "float8", "decimal": "numeric", "string": "text", "bool": "bool",
    "uuid": "uuid", "timestamp": "timestamptz", "date": "date", "time": "time", "enum": "text",
}  # fmt: skip


class Out:
    """The service that programs call, which keeps what it is given."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def echo(self, given: Any) -> Any:
        """Return the value."""
        self.calls.append(("echo", plain(given)))
        return given

    def named(self, **given: Any) -> Any:
        """Return the named arguments."""
        self.calls.append(("named", plain(given)))
        return given

    def fail(self, message: str) -> Any:
        """Raise an error."""
        self.calls.append(("fail", message))
        raise ValueError(message)


class JobOut:
    """The same service in jobs: each job has an `Out` of its own."""

    def __init__(self) -> None:
        self.of_jobs: dict[UUID, Out] = {}

    def _out(self) -> Out:
        return self.of_jobs.setdefault(current_job().id, Out())

    async def echo(self, given: Any) -> Any:
        """Return the value."""
        return self._out().echo(given)

    async def named(self, **given: Any) -> Any:
        """Return the named arguments."""
        return self._out().named(**given)

    async def fail(self, message: str) -> Any:
        """Raise an error."""
        return self._out().fail(message)


class Services:
    """The services of a package."""

    def __init__(self, out: Out | JobOut) -> None:
        self.out = out


@dataclasses.dataclass
class Result:
    """The result of a program in a hook or a job; `jobs` has those of its blocks, by key."""

    calls: list[tuple[str, Any]]
    failed: bool
    error: str | None
    jobs: list[tuple[int, bool, list[tuple[str, Any]]]]
    row: dict[str, Any]


def plain(value: Any) -> Any:
    """A value with hashes in place of structs and records."""
    if dataclasses.is_dataclass(value) and not isinstance(value, Range | type):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def load(folder: Path) -> ModuleType:
    """The package at a folder."""
    sys.path.insert(0, str(folder.parent))
    importlib.invalidate_caches()
    try:
        return importlib.import_module(folder.name)
    finally:
        sys.path.remove(str(folder.parent))


def _stored(kind: Kind) -> bool:
    """Whether the column is jsonb."""
    is_row = kind.name == "array" and kind.item is not None and kind.item.name == "struct"
    return kind.name in ("any", "hash", "struct") or is_row


def _column(kind: Kind) -> str:
    if _stored(kind):
        return "jsonb"
    if kind.name == "array":
        assert kind.item is not None
        return f"{_COLUMNS[kind.item.name]}[]"
    return _COLUMNS[kind.name]


def _create(conn: psycopg.Connection[Any], table: str, programs: list[Program]) -> None:
    columns = ", ".join(f'"{name}" {_column(kind)}' for name, kind in FIELDS.items())
    conn.execute(f"CREATE TABLE {table} (id int8 PRIMARY KEY, {columns})")
    names = ", ".join(f'"{name}"' for name in FIELDS)
    marks = ", ".join(["%s"] * (len(FIELDS) + 1))
    for program in programs:
        for place in PLACES:
            rows = [(program.key(place), program.row)]
            if program.previous:
                rows.append((-program.key(place), program.previous))
            for key, row in rows:
                values = [
                    Jsonb(row[name]) if _stored(kind) and row[name] is not None else row[name]
                    for name, kind in FIELDS.items()
                ]
                conn.execute(f"INSERT INTO {table} (id, {names}) VALUES ({marks})", [key, *values])


def run(
    package: ModuleType, dsn: str, programs: list[Program], *, crashes: bool = False
) -> dict[int, Result]:
    """Run the programs; return the results, by the keys of their rows.

    With `crashes`, each job crashes once behind each of its stored steps.
    """
    results: dict[int, Result] = {}
    rows: dict[int, dict[str, Any]] = {}
    tables = {f"{each.resource.name.lower()}s" for each in programs}
    with psycopg.connect(dsn) as conn:
        cursor = psycopg.Cursor(conn, row_factory=dict_row)
        conn.execute("SET timezone = 'UTC'")
        for table in tables:
            ours = [each for each in programs if f"{each.resource.name.lower()}s" == table]
            _create(conn, table, ours)
            rows |= {row["id"]: row for row in cursor.execute(f"SELECT * FROM {table}")}
        conn.commit()
        for program in programs:
            for place in PLACES:
                results[program.key(place)] = _call(package, conn, program, place, rows)
        services = JobOut()
        with Queue(dsn) as queue:
            if crashes:
                with _crashes_behind_steps():
                    jobs = Jobs(dsn)
                    jobs.run(services=Services(services), job_types=package.JOBS, raises=False)
            else:
                pool = WorkerPool(queue, jobs=package.JOBS, services=Services(services))
                pool.run(drain=True)
            for job in queue.list(limit=100_000):
                _read_results(job, services, results)
        for table in tables:
            for row in cursor.execute(f"SELECT * FROM {table} WHERE id > 0").fetchall():
                results[row.pop("id")].row = row
    return results


def _call(
    package: ModuleType,
    conn: psycopg.Connection[Any],
    program: Program,
    place: str,
    rows: dict[int, dict[str, Any]],
) -> Result:
    """Run the hooks for a program, as an application does."""
    out, key = Out(), program.key(place)
    module = getattr(package, program.resource.name.lower())
    hook = getattr(module, f"after_{program.resource.event}")
    given = [{**rows[key]}] + ([{**rows[-key], "id": key}] if program.previous else [])
    try:
        with conn.transaction():
            hook(conn, *given, services=Services(out))
    except Exception as error:
        return Result(out.calls, True, f"{type(error).__name__}: {error}", [], {})
    return Result(out.calls, False, None, [], {})


@contextmanager
def _crashes_behind_steps() -> Iterator[None]:
    store = KitSteps._store
    crashed: set[tuple[UUID, str]] = set()

    async def store_and_crash(steps: KitSteps, record: Any) -> bool:
        is_held = await store(steps, record)
        if (place := (record.job.id, record.name)) not in crashed:
            crashed.add(place)
            raise Shutdown
        return is_held

    KitSteps._store = store_and_crash  # type: ignore[method-assign]
    try:
        yield
    finally:
        KitSteps._store = store  # type: ignore[method-assign]


def _read_results(job: Any, services: JobOut, results: dict[int, Result]) -> None:
    """Add the result of a job to that of its program."""
    _, number, place, block = job.type.rpartition(".")[2].replace("p", "p_", 1).split("_")
    result = results[int(number) * 2 + PLACES.index(place) + 1]
    calls = services.of_jobs.get(job.id, Out()).calls
    failed = job.status != "completed"
    if place == "job" and block == "0":
        result.calls, result.failed, result.error = calls, failed, job.error
    else:
        result.jobs.append((int(block), failed, calls))
