"""oban-py on psycopg, with a limit of 200."""

import asyncio

from clock import DSN, MANY, PAYLOAD, SINGLE, Ticks, report, timed
from oban import Oban, worker
from oban.schema import install
from psycopg_pool import AsyncConnectionPool

CHUNK = 1_000
ticks = Ticks()
drained = asyncio.Event()


@worker(queue="default")
class Noop:
    """Does nothing."""

    async def process(self, job: object) -> None:
        """Count the job."""
        ticks.tick()
        if ticks.count == SINGLE + MANY // CHUNK * CHUNK:
            drained.set()


async def main() -> None:
    """Enqueue, then drain."""
    async with AsyncConnectionPool(DSN, min_size=2, max_size=10, open=False) as pool:
        await install(pool)
        client = Oban(pool=pool, name="client")

        async def one_by_one() -> None:
            for _ in range(SINGLE):
                await client.enqueue(Noop.new(PAYLOAD))

        async def many() -> None:
            for _ in range(MANY // CHUNK):
                await client.enqueue_many([Noop.new(PAYLOAD) for _ in range(CHUNK)])

        single, bulk = await timed(SINGLE, one_by_one), await timed(MANY // CHUNK * CHUNK, many)
        async with Oban(pool=pool, queues={"default": 200}):
            await asyncio.wait_for(drained.wait(), 240)
    report(single, bulk, ticks.rate)


asyncio.run(main())
