import asyncio

from conduit_runtime.services.protocols import prepare
from conduit_runtime.telemetry.attempt_counters import Recorder
from conduit_runtime.worker.metrics import Metrics
from conduit_runtime.worker.run.handlers import HandlerRegistry
from conduit_runtime.worker.worker import Worker


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
        worker._abandon_all()

    asyncio.run(lose())
