"""Replays of stored jobs by other code."""

import asyncio
from collections.abc import Callable

import pytest
from conduit_runtime import Job, Queue, WorkerPool
from conduit_runtime.replay.rolled_back import rolled_back
from conduit_runtime.replay.run import Replayed, replay
from conduit_runtime.replay.stored import as_claimed, stored_steps

Replay = Callable[..., Replayed]


@pytest.fixture
def replay_by(queue: Queue) -> Replay:
    """Replays a stored job by the handler of a pool."""

    def run(
        pool: WorkerPool, job: Job, services: object = None, *, stops: bool = False
    ) -> Replayed:
        stored = queue.get(job.id)
        assert stored is not None
        steps = queue.connections.run(stored_steps(job.id))

        async def main() -> Replayed:
            async with rolled_back(queue.dsn) as connection:
                handler = pool.handlers.get(stored.type)
                return await replay(
                    handler, as_claimed(stored), steps, services, connection, stops=stops
                )

        return asyncio.run(main())

    return run
