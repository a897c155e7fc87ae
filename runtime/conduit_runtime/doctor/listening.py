"""Whether notifications arrive."""

import secrets
from collections.abc import Iterator

import psycopg

from ..postgres.connection import keepalive
from .checked_database import Database
from .finding import Finding, warning


def check(database: Database) -> Iterator[Finding]:
    """Listen, and have another session notify."""
    if database.is_pooled or database.is_standby:
        return  # another finding says so
    channel = f"conduit_doctor_{secrets.token_hex(8)}"
    connection = database.connection
    connection.execute(f"LISTEN {channel}")
    try:
        with psycopg.connect(
            database.dsn,
            autocommit=True,
            application_name="conduit doctor notifies",
            **keepalive(database.dsn),
        ) as other:
            other.execute("SELECT pg_catalog.pg_notify(%s, '')", (channel,))
        patience = database.limits.notification
        arrived = any(connection.notifies(timeout=patience, stop_after=1))
    finally:
        connection.execute(f"UNLISTEN {channel}")
    if not arrived:
        yield warning(
            "no-notifications",
            f"a notification did not arrive within {patience:g} s: idle workers find new jobs only "
            "by polling, every 2 s",
            "connection",
            "look for a proxy between here and Postgres, and connect without it",
        )
