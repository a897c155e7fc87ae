"""Databases for one test after another: emptied, since making one takes many times as long."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg.sql import SQL, Identifier

# Whatever a test may have left in a database that emptying its tables does not undo. Statistics
# are in it, since plans depend on them.
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
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'conduit_migrations'
  AND pg_relation_size(oid) > 0
ORDER BY 1
"""


class CleanDatabases:
    """Lends migrated databases whose tables are empty; `make` makes another one."""

    def __init__(self, make: Callable[[], str]) -> None:
        self._make = make
        self._free: list[tuple[str, str]] = []

    @contextmanager
    def lend(self) -> Iterator[str]:
        """A database for the length of the block. It is not lent again if its schema changed."""
        dsn, catalog = self._free.pop() if self._free else self._new()
        yield dsn
        if _empty(dsn, catalog):
            self._free.append((dsn, catalog))

    def _new(self) -> tuple[str, str]:
        dsn = self._make()
        with psycopg.connect(dsn, autocommit=True) as connection:
            return dsn, _catalog(connection)


def _empty(dsn: str, catalog: str) -> bool:
    """End all sessions and empty all tables; False when more than rows has changed."""
    try:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(_SESSIONS)
            connection.execute("SET lock_timeout = '5s'")
            if _catalog(connection) != catalog:
                return False
            empty_tables(connection)
    except psycopg.OperationalError:  # no database any more, or one that is locked
        return False
    return True


def empty_tables(connection: psycopg.Connection) -> None:
    """Empty all tables but the one of the migrations, in the connection's transaction.

    Those that never had a row since the last time are left out: each takes a millisecond.
    """
    tables = [Identifier(name) for (name,) in connection.execute(_FILLED)]
    if tables:
        names = SQL(", ").join(tables)
        connection.execute(SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(names))


def _catalog(connection: psycopg.Connection) -> str:
    [(digest,)] = connection.execute(_CATALOG)
    return str(digest)
