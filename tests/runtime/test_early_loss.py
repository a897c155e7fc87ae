import asyncio

from conduit_runtime.handlers import HandlerRegistry
from conduit_runtime.metrics import Metrics
from conduit_runtime.services import prepare
from conduit_runtime.worker import Worker


def test_a_worker_taken_for_dead_while_it_starts_has_nothing_to_give_up(dsn: str) -> None:
    async def lose() -> None:
        worker = Worker(
            dsn, None, {"default": None}, HandlerRegistry(), prepare(None, ()), Metrics(), 1, False
        )
        worker._give_up_all()

    asyncio.run(lose())
