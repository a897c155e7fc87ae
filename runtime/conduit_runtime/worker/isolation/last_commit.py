"""Whether a job has ended by the commit of its last writes, if its process cannot say so."""

import asyncio

import psycopg

from ...model.text.logs import get_logger
from ...postgres.async_execute import run_async
from ...postgres.backoff import Backoff
from ...postgres.refusals import is_transient
from ...statements import outcomes as statements
from ..interfaces import RunnerHost

_log = get_logger("conduit.worker")

PAUSE = 0.05
"""Seconds until a transaction that goes on is looked at again: the server commits, or undoes it."""


async def has_committed(transaction: str, host: RunnerHost) -> bool:
    """Whether this transaction of the queue's database has committed; waits until it has ended.

    False for one that the server does not know any more.
    """
    statement = statements.has_committed(transaction)
    backoff = Backoff(_log, "it cannot be read whether a job has ended")
    while True:
        try:
            async with host.connection() as connection:
                found = await run_async(connection, statement, None)
        except psycopg.Error as error:
            if not is_transient(error):
                return False
            await asyncio.sleep(backoff.next_delay(error))
        else:
            if found is not None:
                return found
            await asyncio.sleep(PAUSE)
