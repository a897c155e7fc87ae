"""Replays of stored jobs by other code."""

import asyncio
from collections.abc import Callable

import pytest
from conduit_runtime import Job, Queue, WorkerPool
from conduit_runtime.replay import steps
from conduit_runtime.replay.rolled_back import rolled_back
from conduit_runtime.replay.run import Replayed, replay
from conduit_runtime.replay.stored import as_claimed, stored_steps

Replay = Callable[..., Replayed]


@pytest.fixture
def replay_by(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> Replay:
    """Replays a stored job by the handler of a pool, which waits for no task but the handler's."""
    monkeypatch.setattr(steps, "_PATIENCE", 600.0)

    def run(
        pool: WorkerPool, job: Job, services: object = None, *, stops: bool = False
    ) -> Replayed:
        stored = queue.get(job.id)
        assert stored is not None
        stored_of = queue.connections.run(stored_steps(job.id))

        async def main() -> Replayed:
            async with rolled_back(queue.dsn) as connection:
                handler = pool.handlers.get(stored.type)
                return await replay(
                    handler, as_claimed(stored), stored_of, services, connection, stops=stops
                )

        return asyncio.run(main())

    return run
