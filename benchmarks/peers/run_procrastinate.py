"""procrastinate on psycopg, a hundred jobs at once."""

import asyncio

from clock import DSN, MANY, PAYLOAD, SINGLE, Ticks, report, timed
from procrastinate import App, PsycopgConnector

CHUNK = 1_000


async def main() -> None:
    """Enqueue, then drain."""
    app = App(connector=PsycopgConnector(conninfo=DSN))
    ticks = Ticks()

    @app.task(name="noop")
    async def noop(**payload: str) -> None:
        ticks.tick()

    async def one_by_one() -> None:
        for _ in range(SINGLE):
            await noop.defer_async(**PAYLOAD)

    async def many() -> None:
        for _ in range(MANY // CHUNK):
            await noop.batch_defer_async(*[PAYLOAD] * CHUNK)

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        single, bulk = await timed(SINGLE, one_by_one), await timed(MANY // CHUNK * CHUNK, many)
        await app.run_worker_async(wait=False, concurrency=100, listen_notify=False)
    report(single, bulk, ticks.rate)


asyncio.run(main())
