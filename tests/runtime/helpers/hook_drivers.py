"""Hooks on every driver, called synchronously, so that the tests of hooks run on each.

The connection of asyncpg has its own event loop, which runs each awaited call to its end.
"""

import asyncio
import importlib.util
import inspect
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import asyncpg
import conduit_runtime
import example_jobs.order
import psycopg
from clean_databases import empty_tables
from conduit_runtime.postgres.asyncpg.asyncpg_connection import AsyncpgConnection, Result
from psycopg.conninfo import conninfo_to_dict

T = TypeVar("T")

DIVISION_BY_ZERO = (psycopg.errors.DivisionByZero, asyncpg.DivisionByZeroError)
UNDEFINED_TABLE = (psycopg.errors.UndefinedTable, asyncpg.UndefinedTableError)


def asyncpg_arguments(dsn: str) -> dict[str, Any]:
    """Return the arguments of `asyncpg.connect` for a connection string of psycopg."""
    given = conninfo_to_dict(dsn)
    names = {"dbname": "database"}
    return {names.get(key, key): value for key, value in given.items()}


class AsyncpgDriver:
    """An asyncpg connection, always in a transaction, with the few methods that the tests use."""

    def __init__(self, dsn: str, **options: Any) -> None:
        self._runner = asyncio.Runner()
        self.raw: Any = self.run(asyncpg.connect(**asyncpg_arguments(dsn), **options))
        self._begin()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def _begin(self) -> None:
        self.run(self.raw.execute("BEGIN"))

    def execute(self, sql: str, values: Any = ()) -> "_Rows":
        """Send SQL with psycopg's placeholders."""
        return _Rows(self.run(AsyncpgConnection(self.raw).execute(sql, [*values])))

    def commit(self) -> None:
        self.run(self.raw.execute("COMMIT"))
        self._begin()

    def rollback(self) -> None:
        self.run(self.raw.execute("ROLLBACK"))
        self._begin()

    @contextmanager
    def transaction(self, force_rollback: bool = False) -> Iterator[None]:
        """Run the block in a savepoint; psycopg.Rollback rolls it back and is then suppressed."""
        self.run(self.raw.execute("SAVEPOINT of_test"))
        try:
            yield
            if force_rollback:
                raise psycopg.Rollback
        except BaseException as error:
            self.run(self.raw.execute("ROLLBACK TO of_test; RELEASE of_test"))
            if not isinstance(error, psycopg.Rollback):
                raise
        else:
            self.run(self.raw.execute("RELEASE of_test"))

    def close(self) -> None:
        self.raw.terminate()
        self._runner.close()


class _Rows:
    def __init__(self, result: Result) -> None:
        self._result = result

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._result.rows

    def dicts(self) -> list[dict[str, Any]]:
        names = [column.name for column in self._result.description]
        return [dict(zip(names, row, strict=True)) for row in self._result.rows]


Conn = psycopg.Connection[Any] | AsyncpgDriver


@contextmanager
def opened(driver: str, dsn: str) -> Iterator[Conn]:
    """Open a driver's connection to the application's database, with empty tables."""
    with psycopg.connect(dsn) as connection:
        empty_tables(connection)
        connection.commit()
        if driver == "psycopg":
            yield connection
            return
    other = AsyncpgDriver(dsn)
    yield other
    other.close()


class _Run:
    """Wraps an asynchronous object: its methods run to their end and return the result."""

    def __init__(self, driver: AsyncpgDriver, of: Any) -> None:
        self._driver = driver
        self._of = of

    def __enter__(self) -> Any:
        entered = self._driver.run(self._of.__aenter__())
        return self if entered is self._of else entered

    def __exit__(self, *error: Any) -> bool:
        return bool(self._driver.run(self._of.__aexit__(*error)))

    def savepoint(self) -> "_Run":
        return _Run(self._driver, self._of.savepoint())

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._of, name)
        if not inspect.iscoroutinefunction(found):
            return found
        return lambda *given, **named: self._driver.run(found(*given, **named))


def Hook(conn: Conn, *given: Any, **named: Any) -> Any:  # noqa: N802
    """Return a Hook, or for asyncpg an AsyncHook that is called synchronously."""
    if isinstance(conn, AsyncpgDriver):
        return _Run(conn, conduit_runtime.AsyncHook(conn.raw, *given, **named))
    return conduit_runtime.Hook(conn, *given, **named)


def batch(conn: Conn) -> AbstractContextManager[list[conduit_runtime.Job]]:
    """Call `batch` on either driver."""
    if isinstance(conn, AsyncpgDriver):
        given: Any = _Run(conn, conduit_runtime.batch(conn.raw))
        return given  # type: ignore[no-any-return]
    return conduit_runtime.batch(conn)


def enqueue(job_type: Any, conn: Conn, payload: object, **options: Any) -> conduit_runtime.Job:
    """Call `job_type.enqueue` on either driver."""
    if isinstance(conn, AsyncpgDriver):
        return conn.run(job_type.enqueue(conn.raw, payload, **options))
    stored: conduit_runtime.Job = job_type.enqueue(conn, payload, **options)
    return stored


def _asynchronous_order() -> ModuleType:
    """Return the example's module with asynchronous hooks and no other change."""
    path = Path(str(example_jobs.order.__file__))
    text = path.read_text()
    for old, new in (
        ("\ndef after_", "\nasync def after_"),
        ("import Connection, Hook,", "import AsyncConnection, AsyncHook,"),
        ("conn: Connection", "conn: AsyncConnection"),
        ("with Hook(", "async with AsyncHook("),
        ("= hook.fetch(", "= await hook.fetch("),
    ):
        assert old in text
        text = text.replace(old, new)
    name = "example_jobs.asynchronous_order"
    spec = importlib.util.spec_from_loader(name, loader=None)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    exec(compile(text, str(path), "exec"), module.__dict__)
    return module


_asynchronous = _asynchronous_order()


def _hook(name: str) -> Callable[..., Any]:
    def call(conn: Conn, *given: Any) -> Any:
        if isinstance(conn, AsyncpgDriver):
            return conn.run(getattr(_asynchronous, name)(conn.raw, *given))
        return getattr(example_jobs.order, name)(conn, *given)

    return call


after_create = _hook("after_create")
after_update = _hook("after_update")
