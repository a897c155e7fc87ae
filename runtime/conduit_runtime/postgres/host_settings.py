"""The settings that our statements need, whatever the database's host has set."""

from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

Connection = psycopg.Connection[Any] | psycopg.AsyncConnection[Any]

# If a search path names pg_catalog after another schema, objects planted in that schema would run.
# set_config, because a pooler refuses startup options. Within seconds after a client falls silent,
# the keepalives end its session, which releases what the session holds.
SETTINGS = """
SELECT pg_catalog.set_config('default_transaction_isolation', 'read committed', false),
       pg_catalog.set_config('default_transaction_read_only', 'off', false),
       pg_catalog.set_config('statement_timeout', '0', false),
       pg_catalog.set_config('lock_timeout', '0', false),
       pg_catalog.set_config('idle_in_transaction_session_timeout', '0', false),
       pg_catalog.set_config('idle_session_timeout', '0', false),
       -- Since Postgres 17.
       CASE WHEN pg_catalog.current_setting('transaction_timeout', true) IS NOT NULL
         THEN pg_catalog.set_config('transaction_timeout', '0', false) END,
       pg_catalog.set_config('tcp_keepalives_idle', '5', false),
       pg_catalog.set_config('tcp_keepalives_interval', '2', false),
       pg_catalog.set_config('tcp_keepalives_count', '3', false),
       pg_catalog.set_config('tcp_user_timeout', '10000', false),
       pg_catalog.set_config('client_encoding', 'UTF8', false),
       pg_catalog.set_config('standard_conforming_strings', 'on', false),
       pg_catalog.set_config('array_nulls', 'on', false),
       pg_catalog.set_config('extra_float_digits', '1', false),
       pg_catalog.set_config('intervalstyle', 'postgres', false),
       pg_catalog.set_config('datestyle', 'ISO', false),
       pg_catalog.set_config('search_path', coalesce(
         pg_catalog.textcat('pg_catalog, ', pg_catalog.substring(
           pg_catalog.current_setting('search_path'), '.*pg_catalog.*')),
         pg_catalog.current_setting('search_path')), false)
"""

DEFAULTS = """
SELECT pg_catalog.current_setting('default_transaction_read_only') = 'off'
   AND pg_catalog.current_setting('default_transaction_isolation') = 'read committed'
"""
"""Whether the defaults of transactions are those that we need."""

# The server reports changes of these. Other settings (array_nulls, extra_float_digits,
# bytea_output) do not matter to our statements, which send and read such values in binary.
NEEDED = {
    b"client_encoding": b"UTF8",
    b"DateStyle": b"ISO",
    b"IntervalStyle": b"postgres",
    b"standard_conforming_strings": b"on",
}
SET = "SELECT pg_catalog.set_config(%s, %s, false)"


def is_pooled(connection: Connection) -> bool:
    """Whether the connection goes through a transaction pooler, which loses settings and locks.

    `own` detects it, and switches prepared statements off.
    """
    return connection.prepare_threshold is None


def needs_transaction(connection: Connection) -> bool:
    """Whether the next statement has to begin a transaction that may write."""
    return (
        connection.read_only is False
        and connection.autocommit
        and connection.pgconn.transaction_status == TransactionStatus.IDLE
    )


def differing_settings(connection: Connection) -> dict[bytes, bytes]:
    """The present values of the settings that differ from what we need."""
    status = connection.pgconn.parameter_status
    return {
        name: value
        for name, needed in NEEDED.items()
        if (value := status(name)) is not None and not value.startswith(needed)
    }


def keeps_settings(connection: Connection) -> bool:
    """Whether changed settings still hold; the rollback of a failed transaction undoes them."""
    status = connection.info.transaction_status
    return status in (TransactionStatus.IDLE, TransactionStatus.INTRANS, TransactionStatus.ACTIVE)
