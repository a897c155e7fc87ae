"""`doctor` blames workers only for jobs that they could have started."""

from datetime import timedelta

import pytest
from conduit_runtime import Job, Queue, WorkerPool
from conduit_runtime.doctor.checkup import examine
from doctor_findings import codes, find, register
from waiting import until

HOUR = timedelta(hours=1)


def test_a_key_that_a_failed_job_holds_is_no_backlog(queue: Queue, dsn: str) -> None:
    def fail(context: object, payload: object) -> None:
        raise ValueError("no")

    pool = WorkerPool(queue)
    pool.register("t", fail, ordered=True, on_failure="hold")
    with pool:
        queue.enqueue(Job(type="t", key="acme", max_attempts=1))
        until(lambda: queue.stats().failed)
        queue.enqueue_many([Job(type="t", key="acme", delay=-HOUR) for _ in range(3)])
        until(lambda: codes(examine(dsn, None)) == ["held-key"])


@pytest.mark.parametrize("limited", ["type", "queue"])
def test_a_key_that_is_full_is_no_backlog(queue: Queue, dsn: str, limited: str) -> None:
    register(dsn, "here", ["default"], ["t"])
    if limited == "type":
        queue.limit_type("t", 1, per_key=True)
    else:
        queue.limit("default", 1, per_key=True)
    queue.enqueue_many([Job(type="t", key="acme", delay=-HOUR) for _ in range(3)])
    assert codes(examine(dsn, None)) == ["backlog"]
    assert len(queue.dequeue("here", limit=10)) == 1
    assert codes(examine(dsn, None)) == []
    queue.enqueue(Job(type="t", key="other", delay=-HOUR))
    assert find(dsn, "backlog").about == {"queue": "default"}


@pytest.mark.parametrize("kind", ["type", "queue"])
def test_a_full_limit_is_no_backlog(queue: Queue, dsn: str, kind: str) -> None:
    register(dsn, "here", ["mail"], ["t"])
    if kind == "type":
        queue.limit_type("t", 2)
    else:
        queue.limit("mail", 2)
    queue.enqueue_many([Job("mail", "t", weight=2, delay=-HOUR) for _ in range(3)])
    assert codes(examine(dsn, None)) == ["backlog"]
    [running] = queue.dequeue("here", "mail", limit=10)
    found = find(dsn, "concurrency-limit")
    subject = {"type": "t", "queue": "mail"}[kind]
    assert f"jobs of the {kind} {subject} have been due for up to 60 minutes" in found.message
    assert found.about == {kind: subject}
    assert codes(examine(dsn, None)) == ["concurrency-limit"]
    queue.complete(running)
    queue.enqueue(Job("mail", "t", priority=60))
    [running] = queue.dequeue("here", "mail", limit=1)
    # The first job weighs more than what the limit has room for.
    assert codes(examine(dsn, None)) == ["concurrency-limit"]


def test_a_rate_without_room_is_no_backlog(queue: Queue, dsn: str) -> None:
    register(dsn, "here", ["default"], ["t"])
    queue.rate_limit("t", 1, per=HOUR)
    queue.enqueue_many([Job(type="t", delay=-HOUR) for _ in range(3)])
    assert sorted(codes(examine(dsn, None))) == ["backlog", "rate-limit"]
    [running] = queue.dequeue("here", limit=10)
    queue.complete(running)
    assert codes(examine(dsn, None)) == ["rate-limit"]


def test_a_type_without_a_limit_beside_a_full_one_is_a_backlog(queue: Queue, dsn: str) -> None:
    register(dsn, "here", ["default"], ["t", "free"])
    queue.limit_type("t", 1)
    queue.enqueue_many([Job(type="t", delay=-3 * HOUR) for _ in range(2)])
    queue.dequeue("here", limit=1)
    queue.enqueue(Job(type="free", delay=-HOUR))
    assert sorted(codes(examine(dsn, None))) == ["backlog", "concurrency-limit"]
    # The first that could have started, not the first that is due.
    assert "2 jobs of the queue default are due, the first for 60 minutes" in (
        find(dsn, "backlog").message
    )
