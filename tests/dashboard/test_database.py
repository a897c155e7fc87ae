"""The dashboard's reads of a slow database."""

import asyncio
from typing import Any

import psycopg
import pytest
from conduit_dashboard import results
from conduit_dashboard.database import Database, one_by_one
from conduit_dashboard.errors import TooSlow
from conduit_runtime import AsyncQueue
from conduit_runtime.postgres.statement import Statement


class Counting(Database):
    """Counts the reads."""

    reads = 0

    async def read(self, statement: Statement[Any], **options: Any) -> Any:
        self.reads += 1
        return await super().read(statement, **options)


def test_visitors_of_a_slow_page_wait_together(dsn: str) -> None:
    """If they waited in turn, the last of a hundred would wait for minutes."""
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


NOW = Statement("SELECT pg_catalog.clock_timestamp()", {}, lambda rows, count: rows[0][0])


def test_a_visitor_does_not_wait_for_what_is_a_little_old(dsn: str) -> None:
    async def visit() -> None:
        async with AsyncQueue(dsn) as queue:
            database = Counting(queue)
            first = await database.recent(NOW, seconds=0)
            for _ in range(3):  # one of these reads starts a refresh
                assert await database.recent(NOW, seconds=0) == first
            assert database.reads == 1
            with one_by_one():  # the hub waits for the result
                second = await database.recent(NOW, seconds=0)
            assert second > first
            assert await database.recent(NOW, seconds=0) == second

    asyncio.run(visit())


def test_what_is_too_old_or_outdated_is_waited_for(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def visit() -> None:
        async with AsyncQueue(dsn) as queue:
            database = Counting(queue)
            first = await database.recent(NOW, seconds=0)
            database.forget()
            second = await database.recent(NOW, seconds=0)
            monkeypatch.setattr(results, "GRACE", 0.0)
            database.forget()
            third = await database.recent(NOW, seconds=0)
            fourth = await database.recent(NOW, seconds=0)
            assert first < second < third < fourth
            assert database.reads == 4

    asyncio.run(visit())


def test_what_cannot_be_read_again_is_shown_until_it_is_too_old(dsn: str) -> None:
    statement = Statement("SELECT 1 FROM {conduit_metrics}", {}, lambda rows, count: len(rows))

    async def visit() -> None:
        async with AsyncQueue(dsn) as queue:
            database = Counting(queue)
            assert await database.recent(statement, seconds=0) == 0
            with psycopg.connect(dsn) as connection:
                connection.execute("LOCK TABLE conduit_metrics")
                async with asyncio.timeout(30):
                    while database.reads < 3:
                        assert await database.recent(statement, seconds=0, limit=0.1) == 0
                        await asyncio.sleep(0.01)

    asyncio.run(visit())
