"""Migrates a database to the schema that this version needs."""

import logging
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors
from psycopg.rows import tuple_row

from ...model.arguments import check_text, check_type
from ...model.errors import MigrationError
from ..statement import quote
from .lock_waits import reported_waits

_log = logging.getLogger("conduit.migrate")

_FOLDER = Path(__file__).parents[2] / "sql" / "migrations"
_LOCK = 0x636F6E64756974  # "conduit": one migration at a time in a database
_LOCK_TIMEOUT = "2s"
_TRIES = 30


def versions() -> list[tuple[int, str]]:
    """Number and SQL of every migration, in order."""
    files = sorted(_FOLDER.glob("*.sql"))
    return [(int(file.name.split("_")[0]), file.read_text(encoding="utf-8")) for file in files]


def _warn(blockers: str) -> None:
    _log.warning("the migration waits for %s", blockers)


def migrate(
    dsn: str, schema: str | None = None, *, on_wait: Callable[[str], object] = _warn
) -> list[int]:
    """Apply the migrations that are missing, and return their numbers.

    It is safe to run this again, and from many hosts at once. A named schema that does not exist is
    created. The migration waits for a busy table for 2 s at a time, so that the application's
    statements do not queue behind it. If sessions block it for more than a second, `on_wait` is
    called with their description (default: a warning in the log). Raises MigrationError for a
    `jobs` table that is not ours, and for tables that stay in use.
    """
    check_type(dsn, "dsn", str, "a connection string")
    check_text(schema, "schema")
    with psycopg.connect(dsn, autocommit=True, row_factory=tuple_row) as connection:
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        connection.read_only = False
        applied = []
        while (version := _step(connection, dsn, schema, on_wait)) is not None:
            applied.append(version)
        return applied


def is_migrated(dsn: str, schema: str) -> bool:
    """Whether the schema holds our tables, of any version."""
    migrations_table = f"{quote(schema)}.conduit_migrations"
    with psycopg.connect(dsn, autocommit=True, row_factory=tuple_row) as connection:
        return connection.execute(
            "SELECT pg_catalog.to_regclass(%s)", (migrations_table,)
        ).fetchone() != (None,)


def script(schema: str | None = None) -> str:
    """All migrations as one SQL script for an empty database."""
    lines = ["BEGIN;", f"{_ONE_SCHEMA};", f"{_MIGRATIONS_TABLE};"]
    if schema is not None:
        name = quote(schema)
        lines[1:2] = [f"CREATE SCHEMA IF NOT EXISTS {name};", f"SET LOCAL search_path = {name};"]
    for version, sql in versions():
        insert = f"INSERT INTO conduit_migrations (version) VALUES ({version});"  # noqa: S608
        lines += [sql.strip(), insert]
    return "\n".join([*lines, "COMMIT;\n"])


_MIGRATIONS_TABLE = """CREATE TABLE IF NOT EXISTS conduit_migrations (
  version    integer     PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT pg_catalog.now()
)"""


# Only the schema of the search path in which objects are created: objects that others plant
# elsewhere on the path do not matter then.
_ONE_SCHEMA = """SELECT pg_catalog.set_config(
  'search_path', pg_catalog.quote_ident(pg_catalog.current_schema()), true
)"""


def _step(
    connection: psycopg.Connection[Any],
    dsn: str,
    schema: str | None,
    on_wait: Callable[[str], object],
) -> int | None:
    """Apply the next missing migration in a transaction of its own."""
    blockers: list[str] = []

    def report(found: str) -> None:
        blockers[:] = [found]
        on_wait(found)

    for attempt in range(_TRIES):
        try:
            with connection.transaction():
                [(pid,)] = connection.execute("SELECT pg_catalog.pg_backend_pid()")
                with reported_waits(dsn, pid, report):
                    return _apply_next(connection, schema)
        except (errors.LockNotAvailable, errors.DeadlockDetected, errors.UniqueViolation):
            if attempt == _TRIES - 1:
                raise MigrationError(
                    f"the migration could not lock the tables in {_TRIES} tries, because of "
                    f"{''.join(blockers) or 'short transactions'}: run it again when no long "
                    "transaction uses them"
                ) from None
            time.sleep(random.uniform(0.1, 0.5))  # noqa: S311
    raise AssertionError


def _apply_next(connection: psycopg.Connection[Any], schema: str | None) -> int | None:
    connection.execute("SELECT pg_catalog.pg_advisory_xact_lock(%s)", (_LOCK,))
    connection.execute("SELECT pg_catalog.set_config('lock_timeout', %s, true)", (_LOCK_TIMEOUT,))
    if schema is not None:
        # This asks first, since CREATE SCHEMA needs a privilege even if the schema exists.
        if connection.execute(
            "SELECT pg_catalog.to_regnamespace(%s)", (quote(schema),)
        ).fetchone() == (None,):
            connection.execute(f"CREATE SCHEMA {quote(schema)}")
        connection.execute(
            "SELECT pg_catalog.set_config('search_path', %s, true)", (quote(schema),)
        )
    done = _applied(connection)
    connection.execute(_ONE_SCHEMA)
    for version, sql in versions():
        if version not in done:
            connection.execute(_MIGRATIONS_TABLE)
            connection.execute(sql)
            connection.execute("INSERT INTO conduit_migrations (version) VALUES (%s)", (version,))
            return version
    return None


def _applied(connection: psycopg.Connection[Any]) -> set[int]:
    [(schema, migrations_table, jobs)] = connection.execute(
        """
        SELECT pg_catalog.current_schema(),
               pg_catalog.to_regclass(pg_catalog.quote_ident(pg_catalog.current_schema())
                                      OPERATOR(pg_catalog.||) '.conduit_migrations'),
               pg_catalog.to_regclass(pg_catalog.quote_ident(pg_catalog.current_schema())
                                      OPERATOR(pg_catalog.||) '.jobs')
        """
    )
    if schema is None:
        raise MigrationError("the search path has no existing schema: give one with --schema")
    if migrations_table is not None:
        return {
            number for (number,) in connection.execute("SELECT version FROM conduit_migrations")
        }
    if jobs is not None:
        raise MigrationError(
            f"schema {schema} has a table jobs that does not belong to conduit-jobs: "
            "give another with --schema"
        )
    return set()
