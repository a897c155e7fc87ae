"""Workers of fair queues: several at once, with limits by key, from the source, by command."""

import asyncio
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from conduit_runtime import Job, JobContext, Queue, job_type
from pools import NewPool
from waiting import until

RACERS = 8


def jobs(key: object, count: int, **options: Any) -> list[Job]:
    return [Job(type="t", payload=n, key=key, **options) for n in range(count)]


def fairness(queue: Queue) -> dict[str, tuple[bool, str | None]]:
    return {each.queue: (each.fair, each.fair_from) for each in queue.queues() if each.fair_from}


def test_several_claimers_share_the_turns(queue: Queue) -> None:
    queue.share("default")
    flood = [job for n in range(50) for job in jobs(("flood", n), 20)]
    queue.enqueue_many([*flood, *[job for n in range(30) for job in jobs(f"k{n}", 1)]])
    barrier = threading.Barrier(RACERS)

    def racer(number: int) -> list[Job]:
        barrier.wait()
        return [job for _ in range(2) for job in queue.dequeue(f"w{number}", limit=2)]

    with ThreadPoolExecutor(RACERS) as racers:
        found = [job for claimed in racers.map(racer, range(RACERS)) for job in claimed]
    assert len({job.id for job in found}) == len(found) == 32
    taken = Counter(job.key for job in found)
    assert sum(n for key, n in taken.items() if key and key.startswith("k")) == 30
    assert set(taken.values()) == {1}


def test_a_late_key_does_not_wait_for_a_flood(queue: Queue, new_pool: NewPool) -> None:
    queue.share("default")
    group = [job for n in range(20) for job in jobs(("g", n), 5)]
    queue.enqueue_many([*jobs("flood", 1_500), *group])
    done = Counter[str | None]()
    pools = [new_pool(workers=2) for _ in range(2)]

    async def work(context: JobContext, payload: object) -> None:
        if not done["small"]:
            await asyncio.sleep(0.02)
        done[context.key] += 1

    with ExitStack() as stack:
        for pool in pools:
            pool.register("t", work)
            stack.enter_context(pool)
        until(lambda: done["flood"] > 0)
        queue.enqueue_many(jobs("small", 1))
        until(lambda: done["small"])
        assert done["flood"] < 1_500
        until(lambda: done.total() == 1_601)


def test_limits_and_order_by_key_hold_beside_turns(queue: Queue, new_pool: NewPool) -> None:
    queue.share("default")
    queue.limit("default", 3)
    queue.limit_type("t", 1, per_key=True)
    seen: dict[str | None, list[object]] = {}
    now = Counter[str | None]()
    most = Counter[str | None]()
    lock = threading.Lock()

    def work(context: JobContext, payload: object) -> None:
        with lock:
            now[context.key] += 1
            most[context.key] = max(most[context.key], now[context.key])
            seen.setdefault(context.key, []).append(payload)
        with lock:
            now[context.key] -= 1

    queue.enqueue_many([*jobs("flood", 120), *jobs("a", 10), *jobs("b", 10), *jobs(("g", 1), 5)])
    pool = new_pool()
    pool.register("t", work, ordered=True)
    pool.run(drain=True)
    assert {key: len(each) for key, each in seen.items()} == {
        "flood": 120,
        "a": 10,
        "b": 10,
        '["g",1]': 5,
    }
    assert all(each == sorted(each, key=lambda n: int(str(n))) for each in seen.values())
    assert set(most.values()) == {1}


def test_retried_jobs_have_turns_again(queue: Queue) -> None:
    queue.share("default")
    queue.enqueue_many([*jobs("flood", 200), *jobs("a", 1, max_attempts=1)])
    first = queue.dequeue("w", limit=2)
    assert {job.key for job in first} == {"flood", "a"}
    for job in first:
        queue.fail(job, "broken")
        queue.retry(job.id)
    again = queue.dequeue("w", limit=2)
    assert {job.key for job in again} == {"flood", "a"}


def test_the_source_makes_a_queue_fair(queue: Queue, new_direct_pool: NewPool) -> None:
    @job_type("a", "00000000", queue="mail", fair=True)
    async def handler(job: JobContext, payload: object) -> None: ...

    pool = new_direct_pool(jobs=[handler])
    pool.register("b", lambda context, payload: None, fair=True)
    pool.register("c", lambda context, payload: None)
    with pool:
        assert fairness(queue) == {"mail": (True, "source"), "default": (True, "source")}
        assert queue.type_limits() == []
        queue.share("mail", False)
        assert fairness(queue) == {"mail": (False, "command"), "default": (True, "source")}
        queue.share("mail", "source")
        assert fairness(queue) == {"mail": (True, "source"), "default": (True, "source")}
        queue.share("default")
    assert fairness(queue) == {"default": (True, "command")}
    queue.share("default", False)
    assert fairness(queue) == {}


def test_a_wrong_option_says_what_it_takes(queue: Queue, new_direct_pool: NewPool) -> None:
    with pytest.raises(ValueError, match=r'fair is .*use True, False or "source"'):
        queue.share("default", "yes")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"fair is .*use True or False"):
        new_direct_pool().register("t", print, fair=2)  # type: ignore[typeddict-item]
