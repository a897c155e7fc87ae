"""A process that forks while it has connections: `python forking.py DSN`.

Each process prints a line; the parent's says whether its sessions are the same as before.
"""

import asyncio
import gc
import os
import sys

from conduit_runtime import AsyncQueue, Job, Queue
from conduit_runtime.client.async_connections import AsyncConnections
from conduit_runtime.worker.job_database import JobDatabase

_SESSION = "SELECT pg_backend_pid()"


async def session(connections: AsyncConnections) -> int:
    """Return the process id of a session that `connections` lends."""
    async with connections.connection() as connection:
        row = await (await connection.execute(_SESSION)).fetchone()
    assert row is not None
    return int(row[0])


def sessions_of(queue: Queue) -> int:
    with queue.connections.connection() as connection:
        [(pid,)] = connection.execute(_SESSION)
    return int(pid)


def main(dsn: str) -> None:
    queue, others = Queue(dsn), AsyncQueue(dsn)
    database = JobDatabase(dsn, None, 1)
    queue.enqueue(Job(type="parent"))
    loop = asyncio.new_event_loop()

    def sessions() -> list[int]:
        jobs = [loop.run_until_complete(session(each)) for each in (others.connections, database)]
        return [sessions_of(queue), *jobs]

    before = sessions()
    if (child := os.fork()) == 0:
        queue.enqueue(Job(type="child"))
        asyncio.run(_enqueue(others))
        own = sessions_of(queue) not in before
        del queue, others, database, sessions
        gc.collect()
        print("child", own, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    print("parent", sessions() == before, flush=True)
    loop.run_until_complete(others.close())
    loop.run_until_complete(database.close())
    queue.close()


async def _enqueue(queue: AsyncQueue) -> None:
    await queue.enqueue(Job(type="child"))
    await queue.close()


if __name__ == "__main__":
    main(sys.argv[1])
