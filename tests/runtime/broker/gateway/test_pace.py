"""How many published jobs a gateway has on the way, and how many share a message."""

import time

import pytest
from conduit_runtime.broker.gateway.pace import MEASURED, Pace
from conduit_runtime.worker.run.handler import Batching


def _ended(pace: Pace, queue: str, jobs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `jobs` jobs come back within the next period in which the rate is measured."""
    pace.on_ended(queue, jobs)
    later = time.monotonic() + MEASURED
    monkeypatch.setattr(time, "monotonic", lambda: later)
    pace.rate(queue)


def test_jobs_share_a_message_while_they_are_quick() -> None:
    pace = Pace()
    assert pace.message_size("t", {}) == 1
    pace.learn("t", 0.001)
    assert pace.message_size("t", {}) == 20
    pace.learn("quick", 0.0)
    assert pace.message_size("quick", {}) == 100
    pace.learn("slow", 1.0)
    assert pace.message_size("slow", {}) == 1
    assert pace.message_size("slow", {"slow": Batching(500, 1.0)}) == 500


def test_a_type_that_becomes_slow_is_noticed() -> None:
    pace = Pace()
    pace.learn("t", 0.0)
    pace.learn("t", 1.0)
    assert pace.message_size("t", {}) == 1


def test_as_many_are_on_the_way_as_can_start() -> None:
    pace = Pace()
    assert pace.allowed("q", 10) == 10
    for _ in range(20):
        pace.on_waiting("q", 10, held=10, messages=0)
    assert pace.allowed("q", 10) == 10, "without a rate, nothing is published ahead"


def test_more_are_on_the_way_while_jobs_come_back_quickly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pace = Pace()
    _ended(pace, "q", 1_000, monkeypatch)
    for _ in range(30):
        pace.on_waiting("q", 10, held=pace.allowed("q", 10), messages=0)
    assert pace.allowed("q", 10) > 1_000


def test_fewer_are_on_the_way_while_messages_wait() -> None:
    """Messages wait because another gateway, perhaps of another database, fills the slots."""
    pace = Pace()
    for _ in range(20):
        pace.on_waiting("q", 10, held=10, messages=9)
    assert pace.allowed("q", 10) == 7
    for _ in range(20):
        assert not pace.on_waiting("q", 10, held=pace.allowed("q", 10), messages=9)
    assert pace.allowed("q", 10) == 1
    grew = [pace.on_waiting("q", 10, held=pace.allowed("q", 10), messages=0) for _ in range(20)]
    assert pace.allowed("q", 10) == 10
    assert grew[0]
    assert not grew[-1]


def test_jobs_that_wait_share_a_message_at_the_rate_of_a_worker() -> None:
    pace = Pace()
    pace.learn("t", 0.01)
    assert pace.message_size("t", {}, "q", slots=20, workers=2) == 2  # the rate is not known yet
    pace._rates["q"] = 600
    assert pace.message_size("t", {}, "q", slots=20, workers=2) == 6
    pace._rates["q"] = 10_000
    assert pace.message_size("t", {}, "q", slots=20, workers=2) == 20  # no more can run at once


def test_queues_do_not_hold_each_other_up() -> None:
    pace = Pace()
    for _ in range(20):
        pace.on_waiting("full", 10, held=pace.allowed("full", 10), messages=50)
    assert pace.allowed("full", 10) == 1
    assert pace.allowed("other", 10) == 10


def test_a_queue_without_workers_for_a_while_goes_on() -> None:
    pace = Pace()
    pace.on_waiting("q", 0, held=1, messages=0)
    assert pace.allowed("q", 10) == 1
