"""Databases that one test uses after another, emptied in between: making one takes much longer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg.sql import SQL, Identifier

# What a test may leave in a database besides rows of tables. Statistics are included, since plans
# depend on them.
_CATALOG = """
SELECT md5(string_agg(entry, E'\\n' ORDER BY entry)) FROM (
  SELECT concat_ws(' ', 'relation', oid, relname, relkind, relacl, reloptions, relrowsecurity)
  FROM pg_class WHERE relnamespace NOT IN (
    'pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)
  UNION ALL SELECT concat_ws(' ', 'column', attrelid, attname, atttypid, attnotnull, attacl)
  FROM pg_attribute WHERE attrelid >= 16384
  UNION ALL SELECT concat_ws(' ', 'default', oid, pg_get_expr(adbin, adrelid)) FROM pg_attrdef
  UNION ALL SELECT concat_ws(' ', 'function', oid, proname, md5(prosrc), proacl, proconfig)
  FROM pg_proc WHERE oid >= 16384
  UNION ALL SELECT concat_ws(' ', 'constraint', oid, pg_get_constraintdef(oid))
  FROM pg_constraint WHERE oid >= 16384
  UNION ALL SELECT concat_ws(' ', 'trigger', oid, tgname, tgenabled) FROM pg_trigger
  UNION ALL SELECT concat_ws(' ', 'schema', oid, nspname, nspacl)
  FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp'
  UNION ALL SELECT concat_ws(' ', 'type', oid, typname) FROM pg_type WHERE oid >= 16384
  UNION ALL SELECT concat_ws(' ', 'operator', oid, oprname) FROM pg_operator WHERE oid >= 16384
  UNION ALL SELECT concat_ws(' ', 'setting', setdatabase, setrole, setconfig)
  FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
  WHERE datname = current_database()
  UNION ALL SELECT concat_ws(' ', 'database', datacl, datallowconn, datconnlimit)
  FROM pg_database WHERE datname = current_database()
  UNION ALL SELECT concat_ws(' ', 'policy', oid, polname) FROM pg_policy
  UNION ALL SELECT concat_ws(' ', 'extension', oid, extname) FROM pg_extension
  UNION ALL SELECT concat_ws(' ', 'prepared', gid)
  FROM pg_prepared_xacts WHERE database = current_database()
  UNION ALL SELECT concat_ws(' ', 'statistics', starelid, staattnum)
  FROM pg_statistic WHERE starelid >= 16384
) AS catalog (entry)
"""
_SESSIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_FILLED = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
  AND relname NOT IN ('conduit_migrations', 'conduit_secret')
  AND pg_relation_size(oid) > 0
ORDER BY 1
"""


@dataclass(frozen=True)
class _Database:
    dsn: str
    connection: psycopg.Connection
    """A database with an open connection: a new one for each test would take most of the time."""
    catalog: str


class CleanDatabases:
    """Lends migrated databases whose tables are empty; `make` makes another one."""

    def __init__(self, make: Callable[[], str]) -> None:
        self._make = make
        self._free: list[_Database] = []

    @contextmanager
    def lend(self) -> Iterator[str]:
        """Lend a database for the block. It is not lent again if its schema changed."""
        database = self._free.pop() if self._free else self._new()
        yield database.dsn
        if _empty(database):
            self._free.append(database)
        else:
            database.connection.close()

    def close(self) -> None:
        """Close the connections to the databases that are free."""
        while self._free:
            self._free.pop().connection.close()

    def _new(self) -> _Database:
        dsn = self._make()
        connection = psycopg.connect(dsn, autocommit=True)
        connection.execute("SET lock_timeout = '5s'")
        return _Database(dsn, connection, _catalog(connection))


def _empty(database: _Database) -> bool:
    """End all sessions and empty all tables; return False if more than rows has changed."""
    try:
        database.connection.execute(_SESSIONS)
        if _catalog(database.connection) != database.catalog:
            return False
        empty_tables(database.connection)
    except psycopg.OperationalError:  # a test has ended this session, or left a lock
        return False
    return True


def empty_tables(connection: psycopg.Connection) -> None:
    """Empty all tables but those that only migrations fill, in the connection's transaction.

    Tables without a new row since the last time are skipped: each takes a millisecond.
    """
    tables = [Identifier(name) for (name,) in connection.execute(_FILLED)]
    if tables:
        names = SQL(", ").join(tables)
        connection.execute(SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(names))


def _catalog(connection: psycopg.Connection) -> str:
    [(digest,)] = connection.execute(_CATALOG)
    return str(digest)
