"""The workers of a case."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from conduit_runtime import Broker, WorkerPool
from conduit_runtime.broker.gateway.gateway import Gateway
from conduit_runtime.testing import Jobs
from pair_axes import KILLS, Case
from pair_handlers import pool_of
from pair_place import Place
from pair_process import run

HERE = Path(__file__).parent
FORKS = multiprocessing.get_context("forkserver")
"""Starts processes that have imported the most, which takes most of the time of a start."""
FORKS.set_forkserver_preload(
    [
        "conduit_runtime.worker.pool",
        "conduit_runtime.client.queue",
        "conduit_runtime.broker.broker",
        "conduit_runtime.job_types.job_type",
    ]
)


class Workers:
    """Workers that run; `step` keeps them running."""

    def __init__(self, step: Callable[[], object] = bool) -> None:
        self.step = step


@contextmanager
def running(
    case: Case, place: Place, broker_url: str, letters: Any, log: Path
) -> Iterator[Workers]:
    """Run the workers of a case for the block. `letters` is the generated package."""
    count = 1 if case.worker in {"one", "behind a broker"} else 2
    is_remote = case.worker == "behind a broker"
    with ExitStack() as stack:
        if is_remote:
            gateway = WorkerPool(Gateway(place.dsn, place.schema, broker_url), ["default"])
            stack.enter_context(gateway)
        if case.worker == "test kit":
            yield Workers(lambda: _run_kit(place, letters))
        elif case.kind == "Django task" or case.what in KILLS or case.worker == "several processes":
            address = broker_url if is_remote else place.dsn
            processes = stack.enter_context(_Processes(case, place, address, letters, log, count))
            yield Workers(processes.revive)
        else:
            for _ in range(count):
                at: Any = (
                    Broker(broker_url, database=place.dsn)
                    if is_remote
                    else stack.enter_context(place.queue())
                )
                stack.enter_context(pool_of(at, letters.JOBS))
            yield Workers()


def _run_kit(place: Place, letters: Any) -> None:
    with place.queue() as queue:
        Jobs(place.dsn, place.schema).run(pool=pool_of(queue, letters.JOBS), raises=False)


class _Processes:
    """Workers in processes of their own; one that was killed is started again."""

    def __init__(
        self, case: Case, place: Place, address: str, letters: Any, log: Path, count: int
    ) -> None:
        paths = [HERE, Path(letters.__file__).parents[1]]
        self._environment = {
            **os.environ,
            "PAIR_DSN": place.direct,
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            **({"PAIR_DJANGO": "1"} if case.kind == "Django task" else {}),
        }
        self._arguments = (address, place.schema, self._environment, log)
        self._count = count
        self._processes: list[ForkServerProcess] = []

    def __enter__(self) -> "_Processes":
        self.revive()
        return self

    def revive(self) -> None:
        """Start the processes that are missing."""
        self._processes = [each for each in self._processes if each.is_alive()]
        while len(self._processes) < self._count:
            process = FORKS.Process(target=run, args=self._arguments)
            process.start()
            self._processes.append(process)

    def __exit__(self, *raised: object) -> None:
        for each in self._processes:
            each.terminate()
        for each in self._processes:
            each.join(60)
            assert each.exitcode is not None
