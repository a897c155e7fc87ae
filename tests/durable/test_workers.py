"""Blocks whose effects stand in functions, run by the workers of a pool and behind a broker."""

import re
from collections.abc import Iterable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from blocks import BLOCKS, HERE, SETTINGS, source_of
from conduit_runtime import Broker, JobType, Queue, WorkerPool
from disturbed import Bench, rows_made
from gateways import gateway_of
from generated import compiled, imported
from waiting import until

NAMES = re.findall(r"@function (\w+)", (HERE / "order.conduit").read_text("utf-8"))
CALL = re.compile(rf"\b({'|'.join(NAMES)})\(")
CHOSEN = [
    each
    for each in BLOCKS
    if each.steps and CALL.search(each.source) and "Job." not in each.source  # it would wait
]
ENDED = {"completed", "failed", "cancelled"}


class Workers:
    """Runs the jobs of a database as the testing kit does, but by a pool."""

    def __init__(self, dsn: str, *, broker: str | None) -> None:
        self._dsn, self._broker = dsn, broker

    def run(self, *, services: object, job_types: Iterable[JobType[Any, Any]], **_: Any) -> Any:
        with Queue(self._dsn) as queue:
            of = queue if self._broker is None else Broker(self._broker, database=self._dsn)
            with WorkerPool(of, ["default"], workers=4, jobs=job_types, services=services):
                until(lambda: {job.status.value for job in queue.list(limit=1_000)} <= ENDED)
            jobs = queue.list(limit=1_000)
        return SimpleNamespace(failures=[job.error for job in jobs if job.status != "completed"])


@pytest.mark.slow
@pytest.mark.parametrize("behind_broker", [False, True], ids=["direct", "broker"])
def test_steps_in_functions_are_not_repeated_by_workers(
    bench: Bench,
    durable_dsn: str,
    broker_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    behind_broker: bool,
) -> None:
    """Each block runs in one of both ways."""
    workers = partial(Workers, broker=broker_url if behind_broker else None)
    gateway = gateway_of(durable_dsn, broker_url, ["default"])
    with gateway if behind_broker else nullcontext():
        for number, block in enumerate(CHOSEN[behind_broker::2]):
            folder = tmp_path / str(number)
            with imported(compiled(source_of([block]), SETTINGS), folder) as package:
                calm = bench.run(package, clock_stands=True)
                with monkeypatch.context() as patch:
                    patch.setattr("disturbed.Jobs", workers)
                    assert bench.run(package, clock_stands=True).events == calm.events, block
                    for effect in range(len(calm.effects)):
                        lost = bench.run(package, clock_stands=True, lose=effect)
                        assert lost.errors == []
                        assert lost.events == calm.with_repeated(effect), (block, effect)
                        if not calm.repeats_writes(effect):
                            assert rows_made(lost) == rows_made(calm)


def test_many_blocks_call_functions() -> None:
    assert len(CHOSEN) > 20
