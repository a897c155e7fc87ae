"""Jobs that count for more than one in limits."""

import math
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import isolated_jobs
import psycopg
import pytest
from conduit_runtime import Job, JobContext, PayloadError, Queue
from conduit_runtime.model.queues.controls import Controls
from conduit_runtime.statements.limits.limited_claims import Counted
from conduit_runtime.statements.outcomes import Attempt, Corrected, use
from conduit_runtime.worker.claim.limiter import Limiter
from conduit_runtime.worker.timing import Timing
from pools import NewPool
from stored_jobs import status
from waiting import until

HOUR = timedelta(hours=1)
LIMITS: dict[str, Callable[[Queue], None]] = {
    "queue": lambda queue: queue.limit("default", 10),
    "queue by key": lambda queue: queue.limit("default", 10, per_key=True),
    "type": lambda queue: queue.limit_type("t", 10),
    "type by key": lambda queue: queue.limit_type("t", 10, per_key=True),
    "rate": lambda queue: queue.rate_limit("t", 10, HOUR),
    "rate by key": lambda queue: queue.rate_limit("t", 10, HOUR, per_key=True),
}


def enqueue(queue: Queue, *weights: int | None) -> None:
    queue.enqueue_many([Job(type="t", key="a", payload=w or 1, weight=w) for w in weights])


def claim(queue: Queue, limit: int = 20) -> list[Job]:
    return queue.dequeue("w", limit=limit)


def weights(jobs: list[Job]) -> list[Any]:
    return [job.payload for job in jobs]


@pytest.fixture(params=[*LIMITS])
def limited(queue: Queue, request: pytest.FixtureRequest) -> Queue:
    LIMITS[request.param](queue)
    return queue


def test_no_more_starts_than_the_limit_bears(limited: Queue) -> None:
    enqueue(limited, 4, None, 5, 1)
    assert weights(claim(limited)) == [4, 1, 5]
    assert claim(limited) == []


def test_those_behind_one_that_does_not_fit_wait(limited: Queue) -> None:
    enqueue(limited, 6, 5, 1)
    assert weights(claim(limited)) == [6]
    enqueue(limited, 2)
    assert claim(limited) == []


def test_one_that_is_heavier_than_the_limit_runs_alone(limited: Queue) -> None:
    enqueue(limited, 25, 1)
    assert weights(claim(limited)) == [25]
    assert claim(limited) == []


def test_one_that_is_heavier_than_the_limit_waits_for_others(limited: Queue) -> None:
    enqueue(limited, 1, 25, 1)
    assert weights(claim(limited)) == [1]
    assert claim(limited) == []


@pytest.mark.parametrize("name", [name for name in LIMITS if "rate" not in name])
def test_what_has_ended_counts_no_more(queue: Queue, name: str) -> None:
    LIMITS[name](queue)
    enqueue(queue, 6, 25, 4, 6)
    for expected in ([6], [25], [4, 6]):
        claimed = claim(queue)
        assert weights(claimed) == expected
        for job in claimed:
            queue.complete(job)


def test_a_worker_runs_heavy_jobs(queue: Queue, new_pool: NewPool) -> None:
    queue.limit("default", 3)
    queue.limit_type("t", 2, per_key=True)
    enqueue(queue, 1, 2, 5, 1, 1, 3, 2)
    ran: list[Any] = []
    pool = new_pool()
    pool.register("t", lambda context, payload: ran.append(payload))
    pool.run(drain=True)
    assert sorted(ran) == [1, 1, 1, 2, 2, 3, 5]


def used(queue: Queue, job: Job, weight: int) -> Corrected | None:
    return queue._run(use(job, weight))


def test_what_a_job_used_corrects_its_weight(limited: Queue) -> None:
    enqueue(limited, 10)
    [job] = claim(limited)
    assert used(limited, job, 4) == ("default", "t", "a", -6)
    enqueue(limited, 5)
    assert weights(claim(limited)) == [5]
    assert used(limited, job, 5) == ("default", "t", "a", 1)
    enqueue(limited, 1)
    assert claim(limited) == []
    assert used(limited, job, 2**31 - 1)
    assert used(limited, job, 1)
    assert weights(claim(limited)) == [1]
    stored = limited.get(job.id)
    assert stored is not None
    assert stored.weight == 1


def test_a_job_that_is_not_held_corrects_nothing(limited: Queue) -> None:
    enqueue(limited, 10)
    [job] = claim(limited)
    assert used(limited, replace(job, token=uuid4()), 1) is None
    limited.complete(job)
    assert used(limited, job, 1) is None


@pytest.mark.parametrize(
    ("kind", "name"), [("coroutine", "rate"), ("plain", "rate by key"), ("isolated", "rate")]
)
def test_what_a_job_did_not_use_is_there_for_others(
    queue: Queue, new_pool: NewPool, kind: str, name: str
) -> None:
    LIMITS[name](queue)
    enqueue(queue, 10, 9, 8)
    pool = new_pool(workers=1)
    handler = isolated_jobs.uses_none if kind == "isolated" else HANDLERS[kind]
    pool.register("t", handler, isolated=kind == "isolated")
    with pool:
        until(lambda: queue.stats().completed == 3)


def test_other_workers_hear_what_a_job_did_not_use(queue: Queue, new_direct_pool: NewPool) -> None:
    """The worker of the heavy job has no slot for the other one."""
    queue.rate_limit("t", 10, HOUR)
    enqueue(queue, 10)
    is_exhausted, ran = threading.Event(), threading.Event()

    def work(job: JobContext, payload: object) -> None:
        if payload == 10:
            assert is_exhausted.wait(60)
            job.used(1)
            assert ran.wait(60)
        else:
            ran.set()

    busy, idle = new_direct_pool(workers=1), new_direct_pool(workers=1)
    for pool in (busy, idle):
        pool.register("t", work)
    with busy:
        until(lambda: queue.stats().running == 1)
        with idle:
            enqueue(queue, 9)
            limiter = idle._lifecycle.worker.claimer._limiter
            until(lambda: limiter.pause() < math.inf)
            is_exhausted.set()
            until(lambda: queue.stats().completed == 2)


def test_a_job_ends_right_after_a_correction_opened_what_was_full() -> None:
    limiter = Limiter(Timing())
    limiter.apply(Controls.of(limited=["default"], types=["t"]))
    limiter._learn(Counted(full={"default"}, full_types={"t"}))
    assert limiter.on_corrected(Corrected("default", "t", None, -1))
    attempt = Attempt(Job(type="t"))
    assert limiter.on_ended([attempt], [attempt])


async def uses_none(job: JobContext, payload: object) -> None:
    await job.used(9)
    await job.used(0)


HANDLERS: dict[str, Any] = {"coroutine": uses_none, "plain": isolated_jobs.uses_none}


@pytest.mark.parametrize("weight", [-1, 2**31, True, 1.5, None])
def test_what_a_job_used_is_a_whole_number(queue: Queue, new_pool: NewPool, weight: Any) -> None:
    pool = new_pool()
    pool.register("t", lambda job, payload: job.used(weight))
    queue.enqueue(Job(type="t", max_attempts=1))
    pool.run(drain=True)
    [failed] = queue.list(status="failed")
    assert "weight is" in (failed.error or "")


def test_a_plain_insert_gives_a_weight(queue: Queue, dsn: str) -> None:
    queue.limit_type("t", 10)
    with psycopg.connect(dsn) as conn:
        conn.execute(
            "INSERT INTO jobs (type, payload, weight) SELECT 't', '7', 7 FROM generate_series(1, 2)"
        )
    [job] = claim(queue)
    assert job.weight == 7
    queue.complete(job)
    assert status(queue, job) == "completed"
    [stored] = queue.list(status="pending")
    assert stored.weight == 7


@pytest.mark.parametrize("weight", [0, -1, 1.5, True, "2", 2**31])
def test_a_weight_is_a_whole_number_from_1(queue: Queue, weight: Any) -> None:
    with pytest.raises(PayloadError, match=r"weight is .*: use a whole number from 1"):
        queue.enqueue(Job(type="t", weight=weight))
