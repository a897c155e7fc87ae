"""Workers in which threads that outlive their attempts hold all slots."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from conduit_runtime import Job, JobContext, JobStatus, Queue, WorkerPool, WorkerStuck
from example_jobs import JOBS
from example_jobs.order import Release, release
from pools import NewPool
from stuck_worker import Stuck
from timed import Timed
from waiting import until

_RUNTIME = Path(__file__).parents[2]


@pytest.fixture
def go_on() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def pool(new_pool: NewPool, go_on: threading.Event, timed: Timed) -> WorkerPool:
    timed(stuck=0.5, watch=0.1)
    pool = new_pool(workers=2)

    @pool.handler("stick")
    def stick(context: JobContext, payload: object) -> None:
        go_on.wait(300)

    pool.register("quick", lambda context, payload: None)
    return pool


def stuck(queue: Queue) -> None:
    queue.enqueue_many([Job(type="stick", timeout=0.1, max_attempts=1) for _ in range(2)])


def test_a_worker_that_could_start_nothing_for_long_gives_up(
    queue: Queue, pool: WorkerPool
) -> None:
    stuck(queue)
    after = queue.enqueue(Job(type="quick"))
    with pytest.raises(WorkerStuck, match="hold every slot"):
        pool.run()
    assert queue.stats().failed == 2
    stored = queue.get(after.id)
    assert stored is not None
    assert (stored.status, stored.attempts) == (JobStatus.PENDING, 0)
    assert queue.queues()[0].workers == 0


def test_one_within_an_application_says_so_and_goes_on_once_it_can(
    queue: Queue, pool: WorkerPool, go_on: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    stuck(queue)
    with pool:
        until(lambda: "no job could start for 0.5 s" in caplog.text)
        queue.enqueue(Job(type="quick"))
        go_on.set()
        until(lambda: queue.stats().completed == 1)
    assert caplog.text.count("no job could start") == 1


def blocked() -> Job:
    return release.job(Release("sku", 1), timeout=timedelta(seconds=0.2), max_attempts=1)


def test_a_service_that_outlives_its_attempt_keeps_its_slot(
    queue: Queue, new_pool: NewPool, go_on: threading.Event, timed: Timed
) -> None:
    """Otherwise, later jobs would wait for the service's thread until they time out."""
    timed(stuck=0.5, watch=0.1)
    services = {name: Stuck(go_on) for name in ("warehouse", "email", "search_index")}
    pool = new_pool(workers=2, jobs=JOBS, services=services)
    queue.enqueue_many([blocked() for _ in range(6)])
    given_up = threading.Timer(120, pool.stop)
    given_up.start()
    with pytest.raises(WorkerStuck):
        pool.run()
    given_up.cancel()
    stats = queue.stats()
    assert (stats.failed, stats.pending) == (2, 4)


@pytest.mark.slow
def test_the_command_exits_so_that_another_replaces_it(queue: Queue) -> None:
    queue.enqueue(blocked())
    command = [sys.executable, _RUNTIME / "processes" / "stuck_worker.py", "worker", "example_jobs"]
    command += ["--services", "stuck_worker:services", "--dsn", queue.dsn, "--concurrency", "1"]
    done = subprocess.run(
        command, cwd=_RUNTIME / "example", capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 75, done.stderr
    assert "the worker exits so that it can be replaced" in done.stderr
    assert "Traceback" not in done.stderr
