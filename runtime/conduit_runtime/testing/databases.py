"""Databases for tests: copies of a template. To empty a used copy is faster than to make one."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from ..postgres.dsn import url_of

PREFIX = "conduit_test_"
"""The beginning of the name of a test's database."""
_MARK = f"{PREFIX}{secrets.token_hex(8)}"
"""The beginning of the names of this process, and the name of the session that keeps them."""

# What a test may have changed beside rows. Databases with such a change are not used again.
_CATALOG = """
SELECT pg_catalog.md5(pg_catalog.string_agg(entry, ' ' ORDER BY entry)) FROM (
  SELECT pg_catalog.concat_ws(' ', 'class', oid, relname, relacl) FROM pg_catalog.pg_class
  WHERE relnamespace NOT IN (
    'pg_catalog'::pg_catalog.regnamespace, 'pg_toast'::pg_catalog.regnamespace
  )
  UNION ALL
  SELECT pg_catalog.concat_ws(' ', 'column', attrelid, attname, atttypid, attnotnull)
  FROM pg_catalog.pg_attribute WHERE attrelid >= 16384::pg_catalog.oid
  UNION ALL
  SELECT pg_catalog.concat_ws(' ', 'default', oid, pg_catalog.pg_get_expr(adbin, adrelid))
  FROM pg_catalog.pg_attrdef
  UNION ALL
  SELECT pg_catalog.concat_ws(' ', 'function', oid, proname, pg_catalog.md5(prosrc))
  FROM pg_catalog.pg_proc WHERE oid >= 16384::pg_catalog.oid
  UNION ALL
  SELECT pg_catalog.concat_ws(' ', 'other', oid) FROM (
    SELECT oid FROM pg_catalog.pg_constraint UNION ALL SELECT oid FROM pg_catalog.pg_trigger
    UNION ALL SELECT oid FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_temp|^pg_toast_temp'
    UNION ALL SELECT oid FROM pg_catalog.pg_type UNION ALL SELECT oid FROM pg_catalog.pg_extension
  ) AS other WHERE oid >= 16384::pg_catalog.oid
) AS catalog (entry)
"""
_TABLES = """
SELECT pg_catalog.format('%I.%I', schema.nspname, tables.relname)
FROM pg_catalog.pg_class AS tables
JOIN pg_catalog.pg_namespace AS schema ON schema.oid = tables.relnamespace
WHERE tables.relkind IN ('r', 'p') AND NOT tables.relispartition
  AND schema.nspname <> 'information_schema' AND schema.nspname !~ '^pg_'
"""
_DIGEST = """
SELECT pg_catalog.md5(pg_catalog.string_agg(
  entry::pg_catalog.text, ' ' ORDER BY entry::pg_catalog.text)) FROM TABLE AS entry
"""
# Behind a pooler that hides this session's name, those of others may be hidden too.
_ABANDONED = """
SELECT made.datname FROM pg_catalog.pg_database AS made
WHERE made.datname ~ '^conduit_test_[0-9a-f]{16}_' AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_stat_activity
  WHERE application_name = pg_catalog.substring(made.datname, '^conduit_test_[0-9a-f]{16}')
) AND EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE application_name = %(mark)s)
"""
_OTHER_SESSIONS = """
SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
WHERE datname = %s AND pid <> pg_catalog.pg_backend_pid()
"""

Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Original:
    """What a fresh copy of the template is like: its empty tables, and digests of the others.

    Tables have their quoted names.
    """

    catalog: object
    empty: tuple[str, ...]
    filled: dict[str, object]


class Databases:
    """Databases on a server, each a copy of `template`, for one test after another."""

    def __init__(self, server: str, template: str) -> None:
        self._server = server
        self._template = template
        self._free: list[tuple[str, Original]] = []
        self._names: list[str] = []

    @contextmanager
    def lend(self) -> Iterator[str]:
        """Yield the connection string of a database like the template."""
        name, original = self._take()
        yield url_of(make_conninfo(self._server, dbname=name))
        self._give_back(name, original)

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        """Yield a connection to such a database; roll its transaction back at the end."""
        name, original = self._take()
        with psycopg.connect(make_conninfo(self._server, dbname=name)) as connection:
            transaction = _transaction(connection)
            yield connection
            is_unchanged = _transaction(connection) == transaction
            if not connection.closed:
                connection.rollback()
        self._give_back(name, original, is_unchanged=is_unchanged)

    def _take(self) -> tuple[str, Original]:
        return self._free.pop() if self._free else self._copy()

    def _give_back(self, name: str, original: Original, *, is_unchanged: bool = False) -> None:
        if is_unchanged or self._restore(name, original):
            self._free.append((name, original))
            return
        self._names.remove(name)
        with admin(self._server) as connection:
            drop(connection, name)

    def close(self) -> None:
        """Drop the databases."""
        with admin(self._server) as connection:
            for name in self._names:
                drop(connection, name)

    def _copy(self) -> tuple[str, Original]:
        name = new_name()
        with admin(self._server) as connection:
            # Postgres copies no database that has connections; an engine may have left some.
            connection.execute(_OTHER_SESSIONS, [self._template])
            copying = SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(copying.format(Identifier(name), Identifier(self._template)))
        self._names.append(name)
        with admin(make_conninfo(self._server, dbname=name)) as connection:
            return name, _original(connection)

    def _restore(self, name: str, original: Original) -> bool:
        """End all other sessions and empty the tables; return False if more has changed."""
        try:
            with admin(make_conninfo(self._server, dbname=name)) as connection:
                connection.execute(_OTHER_SESSIONS, [name])
                connection.execute("SET lock_timeout = '5s'")
                if _catalog(connection) != original.catalog:
                    return False
                if original.empty:
                    truncating = f"TRUNCATE {', '.join(original.empty)} RESTART IDENTITY"
                    connection.execute(truncating.encode())
                digests = {table: _digest(connection, table) for table in original.filled}
                return digests == original.filled
        except psycopg.Error:  # a database that is gone, a table that is locked or referred to
            return False


def admin(dsn: str) -> Connection:
    """A connection in autocommit mode."""
    return psycopg.connect(dsn, autocommit=True)


def new_name() -> str:
    """A database name that no other process takes."""
    return f"{_MARK}_{secrets.token_hex(8)}"


@contextmanager
def kept(dsn: str) -> Iterator[Connection]:
    """Keep the databases of this process while the block runs; others drop them after its death.

    First, the databases of processes that have died are dropped, on whatever machine they ran. A
    process lives as long as it has a session with the name of its databases.
    """
    with psycopg.connect(dsn, autocommit=True, application_name=_MARK) as connection:
        connection.execute("SET idle_session_timeout = 0")
        for (name,) in connection.execute(_ABANDONED, {"mark": _MARK}).fetchall():
            with suppress(psycopg.Error):  # it is another role's, or another process drops it
                drop(connection, str(name))
        yield connection


def drop(connection: Connection, name: str) -> None:
    """Drop a database, also if others are connected to it."""
    connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


def _transaction(connection: psycopg.Connection[Any]) -> object:
    """The id of a connection's open transaction; a new object if it cannot be read."""
    try:
        with psycopg.Cursor(connection) as cursor:
            return cursor.execute("SELECT pg_catalog.pg_current_xact_id()::text").fetchone()
    except psycopg.Error:  # it failed, or the connection is closed
        return object()


def _original(connection: Connection) -> Original:
    tables = [str(name) for (name,) in connection.execute(_TABLES)]
    digests = {table: _digest(connection, table) for table in tables}
    empty = tuple(table for table in tables if digests[table] is None)
    filled = {table: digest for table, digest in digests.items() if digest is not None}
    return Original(_catalog(connection), empty, filled)


def _catalog(connection: Connection) -> object:
    [(digest,)] = connection.execute(_CATALOG)
    return digest


def _digest(connection: Connection, table: str) -> object:
    """A digest of a table's rows; None if there are none."""
    [(digest,)] = connection.execute(_DIGEST.replace("TABLE", table).encode())
    return digest
