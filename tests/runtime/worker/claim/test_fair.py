"""Fair queues: keys take turns, whatever else waits."""

from collections import Counter
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, Queue


def jobs(key: object, count: int, **options: Any) -> list[Job]:
    return [Job(type="t", payload=n, key=key, **options) for n in range(count)]


def claimed(queue: Queue, limit: int = 10) -> Counter[str | None]:
    """Claim jobs; returns how many of each key."""
    return Counter(job.key for job in queue.dequeue("w", limit=limit))


@pytest.fixture
def fair(queue: Queue) -> Queue:
    queue.share("default")
    return queue


@pytest.mark.parametrize("flood", [20, 500])
def test_one_flooder(fair: Queue, flood: int) -> None:
    fair.enqueue_many(jobs("flood", flood))
    assert claimed(fair) == {"flood": 10}
    fair.enqueue_many([*jobs("a", 1), *jobs("b", 3), *jobs("c", 1)])
    assert claimed(fair, 4) == {"a": 1, "b": 1, "c": 1, "flood": 1}
    assert claimed(fair, 6) == {"b": 2, "flood": 4}
    fair.enqueue_many(jobs("z", 1))
    assert claimed(fair, 1) == {"z": 1}
    assert claimed(fair, 1) == {"flood": 1}


def test_claims_of_one_job_go_round(fair: Queue) -> None:
    fair.enqueue_many([*jobs("flood", 300), *jobs("x", 2), *jobs("a", 2), *jobs("m", 120)])
    seen = [*(key for _ in range(10) for key in claimed(fair, 1))]
    assert seen == ["a", "flood", "m", "x", "a", "flood", "m", "x", "flood", "m"]


def test_jobs_of_one_key_keep_their_order(fair: Queue) -> None:
    fair.enqueue_many([*jobs("a", 200), *jobs("b", 200)])
    seen: dict[str | None, list[object]] = {"a": [], "b": []}
    for limit in (1, 7, 100, 200):
        for job in fair.dequeue("w", limit=limit):
            seen[job.key].append(job.payload)
    assert seen == {"a": [*range(len(seen["a"]))], "b": [*range(len(seen["b"]))]}
    assert abs(len(seen["a"]) - len(seen["b"])) <= 1


def test_a_group_has_one_turn(fair: Queue) -> None:
    flood = [job for n in range(300) for job in jobs(("flood", n), 2)]
    fair.enqueue_many([*flood, *jobs(("small", 1), 2), *jobs("plain", 1), *jobs((7, "x"), 1)])
    found = claimed(fair, 4)
    assert {key.split(",")[0] for key in found if key} == {'["flood"', '["small"', "plain", "[7"}
    found = claimed(fair, 2)
    assert found.pop('["small",1]') == 1
    assert len(found) == 1


def test_the_keys_of_a_group_take_turns(fair: Queue) -> None:
    group = [*jobs(("g", "flood"), 500), *jobs(("g", "a"), 2), *jobs(("g", 'q"x'), 2)]
    fair.enqueue_many([*jobs("other", 500), *group])
    seen = Counter[str | None]()
    for _ in range(6):
        seen += claimed(fair, 1)
    assert seen == {"other": 3, '["g","flood"]': 1, '["g","a"]': 1, '["g","q\\"x"]': 1}
    assert claimed(fair, 6) == {"other": 3, '["g","flood"]': 1, '["g","a"]': 1, '["g","q\\"x"]': 1}


def test_priorities_come_first(fair: Queue) -> None:
    fair.enqueue_many([*jobs("a", 200, priority=90), *jobs("b", 200), *jobs("c", 1)])
    fair.enqueue_many(jobs("b", 1, priority=90))
    assert claimed(fair, 3) == {"a": 2, "b": 1}
    assert claimed(fair, 198) == {"a": 198}
    assert claimed(fair, 3) == {"b": 2, "c": 1}


def test_urgent_jobs_of_others_do_not_move_the_turns(fair: Queue) -> None:
    fair.enqueue_many([*jobs("a", 300), *jobs("b", 3)])
    seen = Counter[str | None]()
    for _ in range(4):
        fair.enqueue_many(jobs("z", 1, priority=90))
        assert claimed(fair, 1) == {"z": 1}
        seen += claimed(fair, 1)
    assert seen == {"a": 2, "b": 2}


def test_delayed_jobs_have_no_turn(fair: Queue) -> None:
    later = timedelta(hours=1)
    waiting = [job for n in range(1_500) for job in jobs(f"k{n:04}", 1, delay=later)]
    fair.enqueue_many([*waiting, *jobs("a", 300), *jobs("k0000", 1, delay=later)])
    fair.enqueue_many([*jobs("k0700x", 2), *jobs("z", 2), *jobs(("g", 1), 1, delay=later)])
    fair.enqueue_many(jobs(("g", 2), 1))
    seen = Counter[str | None]()
    for _ in range(8):  # a walk passes over a thousand keys
        seen += claimed(fair, 2)
    assert seen.pop("a") <= 11
    assert seen == {"k0700x": 2, "z": 2, '["g",2]': 1}


def test_keys_whose_jobs_have_expired_have_no_turn(fair: Queue, dsn: str) -> None:
    fair.enqueue_many([job for n in range(100, 300) for job in jobs(f"z{n}", 1)])
    soon = timedelta(microseconds=1)
    fair.enqueue_many([job for n in range(10) for job in jobs(f"a{n}", 2, expires=soon)])
    fair.enqueue_many([*jobs("a0", 1), *jobs("b", 1), *jobs("c", 1)])
    with psycopg.connect(dsn) as connection:  # otherwise a claim cancels them first
        seen = [job.key for _ in range(2) for job in fair.dequeue("w", limit=3, conn=connection)]
    assert sorted(map(str, seen)) == ["a0", "b", "c", "z100", "z101", "z102"]


def test_jobs_without_a_key_are_one_key(fair: Queue) -> None:
    fair.enqueue_many([Job(type="u") for _ in range(300)])
    fair.enqueue_many([*jobs("a", 300), *jobs("b", 1)])
    assert claimed(fair, 4) == {None: 1, "a": 2, "b": 1}
    assert claimed(fair, 3) == {None: 2, "a": 1}


def test_a_key_has_one_turn_in_a_claim_that_parks_jobs_of_others(fair: Queue) -> None:
    fair.limit_type("full", 1, per_key=True)
    fair.enqueue_many([Job(type="full", key=key) for key in "bcd"])
    assert len(fair.dequeue("w", limit=10)) == 3
    fair.enqueue_many([Job(type="full", key=key) for key in "bcd" for _ in range(9)])
    fair.enqueue_many([Job(type="free", key=key) for key in ("cc", *"xxxxx")])
    started = [job.key for _ in range(9) for job in fair.dequeue("w", limit=3)]
    assert started.index("cc") == 1


def test_a_key_has_its_turn_in_a_claim_that_parks_the_first_of_its_jobs(fair: Queue) -> None:
    for type_ in ("full", "filled"):
        fair.limit_type(type_, 1, per_key=True)
    full = [Job(type=type_, key="b") for type_ in ("full", "filled")]
    fair.enqueue_many(full)
    assert len(fair.dequeue("w", limit=10)) == 2
    fair.enqueue_many([Job(job.queue, job.type, key="b") for job in full])
    fair.enqueue_many([Job(type="free", key=key) for key in "aabbccddee"])
    started = [{job.key for job in fair.dequeue("w", limit=3)} for _ in range(4)]
    assert started == [{*"cde"}, {*"abc"}, {*"dea"}, {*"b"}]


def test_a_key_has_its_turn_however_many_of_its_jobs_are_parked(fair: Queue) -> None:
    fair.limit_type("full", 1, per_key=True)
    fair.enqueue(Job(type="full", key="b"))
    assert len(fair.dequeue("w", limit=10)) == 1
    fair.enqueue_many([Job(type="full", key="b") for _ in range(9)])
    fair.enqueue_many([Job(type="free", key=key) for key in "aabbccddee"])
    started = [{job.key for job in fair.dequeue("w", limit=3)} for _ in range(4)]
    assert started == [{*"cde"}, {*"abc"}, {*"dea"}, {*"b"}]


def test_a_key_whose_first_job_is_parked_has_its_turn_before_released_ones(fair: Queue) -> None:
    fair.limit_type("full", 1, per_key=True)
    fair.enqueue_many([Job(type="full", key=key) for key in "cz"])
    first, _ = fair.dequeue("w", limit=2)
    fair.enqueue(Job(type="full", key="c"))
    assert fair.dequeue("w", limit=1) == []
    fair.enqueue_many([Job(type="full", key="z"), Job(type="t", key="z")])
    fair.complete(first)
    assert [(job.key, job.type) for job in fair.dequeue("w", limit=1)] == [("z", "t")]
    assert [(job.key, job.type) for job in fair.dequeue("w", limit=1)] == [("c", "full")]
