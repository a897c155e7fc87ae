"""What a worker logs of attempts that are retried."""

import logging
import re

import pytest
from conduit_runtime import Job, JobContext, Queue, WorkerPool
from timed import Timed
from waiting import until

COUNT = 200


@pytest.mark.parametrize("every", [0.01, 600.0])
def test_a_storm_of_retries_is_counted(
    queue: Queue, caplog: pytest.LogCaptureFixture, timed: Timed, every: float
) -> None:
    timed(retries=every)
    pool = WorkerPool(queue, workers=10)

    @pool.handler("t")
    async def fail(context: JobContext, payload: object) -> None:
        raise ValueError("no")

    queue.enqueue_many([Job(type="t") for _ in range(COUNT)])

    def lines() -> list[str]:
        found = [record.getMessage() for record in caplog.records]
        return [line for line in found if "retried" in line]

    def counted() -> int:
        more = [re.match("[0-9]+(?= more attempts of t )", line) for line in lines()]
        return sum(int(found[0]) if found else 1 for found in more)

    with caplog.at_level(logging.WARNING, "conduit.worker"), pool:
        if every == 0.01:
            until(lambda: counted() == COUNT)
        else:
            until(lambda: pool.metrics.stats("t").retried == COUNT)
            assert counted() == 1
    [first, *_] = [record for record in caplog.records if "retried" in record.getMessage()]
    assert first.levelname == "WARNING"
    assert "is retried: ValueError: no" in first.getMessage()
