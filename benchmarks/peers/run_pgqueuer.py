"""pgqueuer on asyncpg, with batches of 100; it deletes the jobs that finished."""

import json
from datetime import timedelta

import asyncpg
import uvloop
from clock import DSN, MANY, PAYLOAD, SINGLE, Ticks, report, timed
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries
from pgqueuer.types import QueueExecutionMode

CHUNK = 1_000
BODY = json.dumps(PAYLOAD).encode()


async def main() -> None:
    """Enqueue, then drain."""
    connection = await asyncpg.connect(DSN)
    driver = AsyncpgDriver(connection)
    queries = Queries(driver)
    await queries.install()
    ticks = Ticks()
    manager = QueueManager(queries)

    @manager.entrypoint("noop")
    async def noop(job: Job) -> None:
        ticks.tick()

    async def one_by_one() -> None:
        for _ in range(SINGLE):
            await queries.enqueue("noop", BODY, 0)

    async def many() -> None:
        for _ in range(MANY // CHUNK):
            await queries.enqueue(["noop"] * CHUNK, [BODY] * CHUNK, [0] * CHUNK)

    single, bulk = await timed(SINGLE, one_by_one), await timed(MANY // CHUNK * CHUNK, many)
    await connection.execute("VACUUM ANALYZE")
    await manager.run(
        dequeue_timeout=timedelta(seconds=1), batch_size=100, mode=QueueExecutionMode.drain
    )
    report(single, bulk, ticks.rate)


uvloop.run(main())
