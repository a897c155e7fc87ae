"""Waits, when a worker starts, for a database that is not reachable yet."""

import asyncio
import re
import time

import psycopg

from ..model.text.logs import get_logger
from ..postgres.async_execute import own_async, run_async
from ..postgres.backoff import Backoff
from ..postgres.connection import keepalive
from ..postgres.dsn import without_password
from ..statements.worker_registry import find_schema

_log = get_logger("conduit.worker")

CONNECT_TIMEOUT = 60.0
"""Seconds for which a worker that starts tries to reach the database."""
# Errors that waiting does not mend. After other errors, `reach` tries again.
_FINAL = re.compile(
    r"password|authentication|pg_hba|certificate|does not support SSL|invalid .*(?:value|port)"
    r"|(?:role|database) .* does not exist",
    re.IGNORECASE,
)


async def reach(dsn: str, schema: str | None, seconds: float) -> str:
    """Return the schema of our tables once the database is reachable; tries for `seconds`.

    If `schema` is None, finds the tables by the search path. Raises the error of the last try, at
    once if waiting is of no use, as for a wrong password.
    """
    backoff = Backoff(_log, "the database cannot be reached yet")
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(dsn, **keepalive(dsn))
            async with connection:
                await own_async(connection)
                return schema if schema is not None else await run_async(connection, find_schema())
        except psycopg.OperationalError as error:
            left = deadline - time.monotonic()
            if left <= 0 or _FINAL.search(str(error)):
                raise
            shown = psycopg.OperationalError(without_password(str(error), dsn))
            pause = min(backoff.next_delay(shown), left)
        await asyncio.sleep(pause)
