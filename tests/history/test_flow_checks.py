"""The checks find errors in flows, refused jobs, results and delays."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from checker import RESULT_LIMIT, check
from delays import LIMIT, delays
from flows import check_flows
from history import Disturbance, Heartbeat, History, Promise
from right_history import CLAIM, END, INSERTED, JOB, OTHER, at_second, event, history, move

REFUSED = "Postgres refused the job: refused as planned"


def flow(policy: str = "cancel", status: str = "completed", **inserted: object) -> History:
    """A flow of two jobs: the first ended with a status, and the second was stored after that."""
    first = [INSERTED, CLAIM, replace(END, after=status, error="as planned", failures=1)]
    second = replace(move(5, None, "pending", job=OTHER), **inserted)
    return History(promises={JOB: Promise(), OTHER: Promise([JOB], policy)}, moves=[*first, second])


def with_history(change: Callable[[History], object]) -> History:
    found = flow()
    change(found)
    return found


@pytest.mark.parametrize(
    "right",
    [
        flow(),
        flow("continue", "failed"),
        flow("cancel", "failed", after="cancelled"),
        flow(after="failed", error=REFUSED),
        flow(committed_at=at_second(3.9), transaction=END.transaction),
        with_history(lambda h: (h.moves.pop(), h.cancelled.add(OTHER))),
        with_history(lambda h: (h.moves.pop(), h.refused.update({OTHER: REFUSED}))),
    ],
)
def test_a_flow_that_went_as_it_should(right: History) -> None:
    assert list(check_flows(right)) == []


@pytest.mark.parametrize(
    ("wrong", "violation"),
    [
        (flow(committed_at=at_second(3.9)), "became a job before"),
        (flow("continue", committed_at=at_second(3.9)), "became a job before"),
        (flow("cancel", "failed"), "became a job though"),
        (flow(after="cancelled"), "was cancelled before it was a job, for no reason"),
        (flow("continue", "failed", after="cancelled"), "for no reason"),
        (flow(after="failed", error="oh"), "failed before it was a job: oh"),
        (with_history(lambda h: h.refused.update({OTHER: "oh"})), "never became a job: oh"),
        (with_history(lambda h: h.left_behind.append("a row is left")), "a row is left"),
    ],
)
def test_a_flow_that_went_wrong_is_found(wrong: History, violation: str) -> None:
    assert any(violation in found for found in check_flows(wrong)), [*check_flows(wrong)]


def test_a_refused_outcome_fails_its_job() -> None:
    error = "Postgres refused the outcome: refused as planned"
    refused = replace(END, after="failed", failures=1, error=error)
    assert not [each for each in check(history(INSERTED, CLAIM, refused)) if "and it is" in each]
    again = replace(refused, after="pending")
    assert any("and it is pending" in each for each in check(history(INSERTED, CLAIM, again)))


@pytest.mark.parametrize(
    ("size", "kept", "violation"),
    [
        (10, 10, None),
        (10, None, "returned 10 bytes, and None are kept"),
        (RESULT_LIMIT + 1, None, "completed with a result of"),
    ],
)
def test_results_are_kept(size: int, kept: int | None, violation: str | None) -> None:
    inserted = replace(INSERTED, type="history.result", payload={"bytes": size})
    found = History(promises={JOB: Promise()}, moves=[inserted, CLAIM, END])
    found.events = [event("began"), event("ended")]
    found.results = {} if kept is None else {JOB: kept}
    assert [violation in each for each in check(found)] == [True] * (violation is not None)


def slowest(found: History) -> timedelta:
    return max((each.time for each in delays(found)), default=timedelta(0))


def test_an_outcome_that_is_written_late_is_found() -> None:
    end = replace(END, committed_at=at_second(8))
    found = history(INSERTED, CLAIM, end)
    found.heartbeats = [Heartbeat("worker", at_second(second)) for second in (4, 5, 6, 7)]
    assert slowest(found) == timedelta(seconds=5) > LIMIT
    assert "its outcome in worker" in str(next(delays(found)))
    found.heartbeats = [Heartbeat("worker", at_second(7.9))]
    assert slowest(found) < LIMIT, "the machine is loaded"
    found.heartbeats = [Heartbeat("worker", at_second(second)) for second in (4, 5, 6, 7)]
    found.disturbances = [Disturbance("worker", "freeze", at_second(5), at_second(6))]
    assert slowest(found) < LIMIT


def test_a_release_that_comes_late_is_found() -> None:
    found = flow(committed_at=at_second(9))
    found.heartbeats = [Heartbeat("other", at_second(second)) for second in (5, 6, 7, 8)]
    assert slowest(found) == timedelta(seconds=4) > LIMIT
    found.moves.append(replace(CLAIM, id=9, job=UUID(int=9)))
    many = [JOB, *(UUID(int=n) for n in range(100, 150))]
    found.promises[OTHER] = Promise(many)
    assert slowest(found) < LIMIT, "a large flow is released in parts"
