"""The connections on which jobs run their own statements."""

from typing import TypeVar
from weakref import WeakSet

from psycopg.conninfo import make_conninfo

from ..client.async_connections import AsyncConnections, Connection
from ..postgres.connection import keepalive
from ..postgres.servers import leads_elsewhere
from ..postgres.statement import Statement
from ..postgres.timeout_connection import MOVED, sever

T = TypeVar("T")

BESIDE = 3
"""Further connections, to advance flows and to write outcomes that Postgres refuses."""

NO_DATABASE = (
    "the job uses the application's database, and this worker has none: give it one, as "
    "Broker(…, database=…) or by --dsn"
)


class JobDatabase(AsyncConnections):
    """A connection for each of the `jobs` that run at once, and `BESIDE` more."""

    def __init__(self, dsn: str, schema: str | None, jobs: int) -> None:
        super().__init__(make_conninfo(dsn, **keepalive(dsn)), schema, jobs + BESIDE)
        self._taken: WeakSet[Connection] = WeakSet()

    async def run_with(self, settings: str, statement: Statement[T]) -> T:
        async with self.connection() as connection, connection.transaction():
            await connection.execute(settings)
            return await self.run(statement, connection)

    def leave(self, server: float) -> None:
        """Cut the connections to other servers; statements that run there fail."""
        for connection in [*self._taken]:
            if leads_elsewhere(connection, server):
                sever(connection, MOVED)

    async def _take(self) -> Connection:
        connection = await super()._take()
        self._taken.add(connection)
        return connection
