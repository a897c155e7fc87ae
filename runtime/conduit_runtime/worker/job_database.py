"""The connections on which jobs run their own statements."""

from typing import TypeVar

from psycopg.conninfo import make_conninfo

from ..client.async_connections import AsyncConnections
from ..postgres.connection import keepalive
from ..postgres.statement import Statement

T = TypeVar("T")

BESIDE = 3
"""Connections for flows that are advanced, and for outcomes that Postgres refuses."""


class JobDatabase(AsyncConnections):
    """A connection for each of the `jobs` that run at once, and a few beside the batches."""

    def __init__(self, dsn: str, schema: str | None, jobs: int) -> None:
        super().__init__(make_conninfo(dsn, **keepalive(dsn)), schema, jobs + BESIDE)

    async def run_with(self, settings: str, statement: Statement[T]) -> T:
        """Run a statement with these settings in a transaction of its own."""
        async with self.connection() as connection, connection.transaction():
            await connection.execute(settings)
            return await self.run(statement, connection)
