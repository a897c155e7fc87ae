"""procrastinate on psycopg, a hundred jobs at once, those of one lock one after another."""

import asyncio
import json
import random
import sys
import time

from procrastinate import App, PsycopgConnector

DSN, COUNT = sys.argv[1], int(sys.argv[2])
CHUNK = 1_000


async def main() -> None:
    """Enqueue, then drain."""
    app = App(connector=PsycopgConnector(conninfo=DSN))
    times: list[float] = []

    @app.task(name="noop")
    async def noop(**payload: str) -> None:
        times.append(time.perf_counter())

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for _ in range(COUNT // CHUNK):
            await asyncio.gather(
                *(
                    noop.configure(lock=str(random.randrange(COUNT))).defer_async(to="a")  # noqa: S311
                    for _ in range(CHUNK)
                )
            )
        await app.run_worker_async(wait=False, concurrency=100, listen_notify=False)
    rate = (len(times) - 1) / (times[-1] - times[0])
    print(json.dumps({"drain, in order by key": rate}))


asyncio.run(main())
