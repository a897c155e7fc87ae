"""Connections of our own: what they set, so that a host's defaults do not matter."""

from typing import Any

import psycopg

__all__ = ["SETTINGS", "explain_missing_tables", "own"]

# set_config, not startup options: a pooler refuses those.
SETTINGS = """
SELECT set_config('default_transaction_isolation', 'read committed', false),
       set_config('default_transaction_read_only', 'off', false),
       set_config('statement_timeout', '0', false),
       set_config('lock_timeout', '0', false),
       set_config('idle_in_transaction_session_timeout', '0', false),
       set_config('datestyle', 'ISO', false)
"""


def own(connection: psycopg.Connection[Any]) -> None:
    """Prepare a connection of our own pool; it is in autocommit mode from then on."""
    connection.set_autocommit(True)
    connection.execute(SETTINGS)


async def own_async(connection: psycopg.AsyncConnection[Any]) -> None:
    """`own` for an asynchronous connection."""
    await connection.set_autocommit(True)
    await connection.execute(SETTINGS)


def explain_missing_tables(error: psycopg.errors.UndefinedTable) -> str:
    """What to tell a user whose database holds no jobs table."""
    reason = (error.diag.message_primary or str(error)).strip()
    return f"{reason}: run `conduit-jobs migrate` on this database first"
