import asyncio

from conduit_runtime import Queue, WorkerPool
from conduit_runtime.services.protocols import prepare


def test_a_worker_taken_for_dead_while_it_starts_has_nothing_to_give_up(dsn: str) -> None:
    async def lose() -> None:
        pool = WorkerPool(Queue(dsn))
        pool._workers.new_worker(pool, prepare(None, ()), is_draining=False).abandon_all()

    asyncio.run(lose())
