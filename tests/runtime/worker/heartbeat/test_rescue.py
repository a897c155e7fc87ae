import math

from conduit_runtime.model.workers.worker_state import LEASE, DeadWorker, WorkerState
from conduit_runtime.worker.heartbeat.rescue import FailureDetector
from conduit_runtime.worker.timing import Timing

SILENCE = Timing().silence


def sighted(heartbeat: int, *, lock_free: bool) -> list[WorkerState]:
    return [WorkerState("other", heartbeat, lock_free)]


def test_a_worker_that_sends_heartbeats_lives_however_long() -> None:
    detector = FailureDetector(Timing())
    assert all(detector.find_dead(sighted(n, lock_free=True), n * 2.0) == [] for n in range(100))


def test_a_silent_worker_without_its_lock_is_dead_soon() -> None:
    detector = FailureDetector(Timing())
    assert detector.find_dead(sighted(1, lock_free=True), 100.0) == []
    assert detector.find_dead(sighted(1, lock_free=True), 100.0 + SILENCE - 0.1) == []
    assert detector.find_dead(sighted(1, lock_free=True), 100.0 + SILENCE) == [
        DeadWorker("other", 1, False)
    ]


def test_the_failure_detector_says_when_to_check_again() -> None:
    detector = FailureDetector(Timing())
    detector.find_dead([WorkerState("lives", 1, False), *sighted(1, lock_free=True)], 100.0)
    assert detector.patience == SILENCE
    detector.find_dead(sighted(1, lock_free=True), 100.0 + SILENCE - 0.5)
    assert detector.patience == 0.5
    detector.find_dead(sighted(1, lock_free=True), 100.0 + SILENCE)
    assert detector.patience == math.inf


def test_a_silent_worker_that_holds_its_lock_has_the_whole_lease() -> None:
    detector = FailureDetector(Timing())
    detector.find_dead(sighted(1, lock_free=False), 0.0)
    assert detector.find_dead(sighted(1, lock_free=False), LEASE - 0.1) == []
    assert detector.find_dead(sighted(1, lock_free=False), LEASE) == [DeadWorker("other", 1, True)]


def test_a_heartbeat_in_between_starts_anew() -> None:
    detector = FailureDetector(Timing())
    detector.find_dead(sighted(1, lock_free=True), 0.0)
    detector.find_dead(sighted(2, lock_free=True), 2.9)
    assert detector.find_dead(sighted(2, lock_free=True), 5.8) == []


def test_a_new_failure_detector_knows_nothing_of_the_time_before() -> None:
    assert FailureDetector(Timing()).find_dead(sighted(1, lock_free=True), 1_000_000.0) == []


def test_a_worker_that_left_is_forgotten() -> None:
    detector = FailureDetector(Timing())
    detector.find_dead(sighted(1, lock_free=True), 0.0)
    detector.find_dead([], 1.0)
    assert detector.find_dead(sighted(1, lock_free=True), 10.0) == []
