import asyncio

from conduit_runtime.generated.services import prepare
from conduit_runtime.telemetry.recorder import Recorder
from conduit_runtime.workers.handlers import HandlerRegistry
from conduit_runtime.workers.metrics import Metrics
from conduit_runtime.workers.worker import Worker


def test_a_worker_taken_for_dead_while_it_starts_has_nothing_to_give_up(dsn: str) -> None:
    async def lose() -> None:
        worker = Worker(
            dsn,
            None,
            {"default": None},
            HandlerRegistry(),
            prepare(None, ()),
            Metrics(),
            Recorder(),
            lambda: None,
            1,
            False,
        )
        worker._give_up_all()

    asyncio.run(lose())
