"""What the dashboard asks the database while it answers slowly."""

import asyncio
from typing import Any

import psycopg
from conduit_dashboard.database import Database
from conduit_dashboard.errors import TooSlow
from conduit_runtime import AsyncQueue
from conduit_runtime.postgres.statement import Statement


class Counting(Database):
    """Counts what is read."""

    reads = 0

    async def read(self, statement: Statement[Any], **options: Any) -> Any:
        self.reads += 1
        return await super().read(statement, **options)


def test_visitors_of_a_slow_page_wait_together(dsn: str) -> None:
    """One after another, the last of a hundred would wait for minutes."""
    statement = Statement("SELECT 1 FROM {conduit_metrics}", {}, lambda rows, count: len(rows))

    async def visit() -> int:
        async with AsyncQueue(dsn) as queue:
            database = Counting(queue)
            with psycopg.connect(dsn) as connection:
                connection.execute("LOCK TABLE conduit_metrics")
                visits = [database.recent(statement, seconds=1, limit=0.5) for _ in range(20)]
                found = await asyncio.gather(*visits, return_exceptions=True)
            assert [type(each) for each in found] == [TooSlow] * 20
            assert await database.recent(statement, seconds=1) == 0
            return database.reads

    assert asyncio.run(visit()) == 2
