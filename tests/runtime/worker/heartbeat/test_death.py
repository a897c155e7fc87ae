"""What happens to jobs when their worker dies; the tests kill real processes."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobStatus, Queue, WorkerPool
from conduit_runtime.client import async_connections
from conduit_runtime.model.workers.worker_state import LEASE
from conduit_runtime.postgres.async_execute import run_async
from conduit_runtime.postgres.execute import run
from conduit_runtime.worker.heartbeat import registration
from timed import Timed
from waiting import until
from worker_process import HISTORY

Start = Callable[..., "subprocess.Popen[bytes]"]
_SCRIPT = Path(__file__).parents[2] / "processes" / "worker_process.py"


@pytest.fixture
def queue(dsn: str) -> Iterator[Queue]:
    with psycopg.connect(dsn) as connection:
        connection.execute(HISTORY)
    with Queue(dsn) as queue:
        yield queue


@pytest.fixture
def start(dsn: str) -> Iterator[Start]:
    """Starts worker processes, and kills those that still run at the end."""
    processes: list[subprocess.Popen[bytes]] = []

    def run(workers: int = 5) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen([sys.executable, _SCRIPT, dsn, str(workers)])
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.wait()


def notes(dsn: str, what: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        sql = "SELECT job, attempt, pid FROM history WHERE what = %s ORDER BY attempt"
        return connection.execute(sql, (what,)).fetchall()


def test_another_worker_finishes_the_job_of_a_killed_one(
    queue: Queue, dsn: str, start: Start
) -> None:
    first = start()
    job = queue.enqueue(Job(type="sleep", payload={"seconds": 600}))
    until(lambda: notes(dsn, "began"))
    # The worker writes the start after a moment; from then on the attempt counts.
    until(lambda: (queue.get(job.id) or job).attempts == 1)
    second = start()
    until(lambda: len(queue.queues()) == 1 and queue.queues()[0].workers == 2)
    first.kill()
    first.wait()
    killed = time.monotonic()
    until(lambda: queue.stats().completed == 1)
    assert time.monotonic() - killed < LEASE * 0.8
    stored = queue.get(job.id)
    assert stored is not None
    assert stored.attempts == 2
    died = stored.errors[0]
    assert died["error"] == f"the worker died: {died['worker']}"
    assert died["started_at"] < died["at"]
    assert [(attempt, pid) for _, attempt, pid in notes(dsn, "began")] == [
        (1, first.pid),
        (2, second.pid),
    ]


@pytest.mark.slow
def test_a_process_that_a_job_forked_does_not_keep_its_worker_alive(
    queue: Queue, dsn: str, start: Start
) -> None:
    first = start()
    job = queue.enqueue(Job(type="fork"))
    [(_, _, child)] = until(lambda: notes(dsn, "forked"))
    try:
        until(lambda: (queue.get(job.id) or job).attempts == 1)
        start()
        until(lambda: len(queue.queues()) == 1 and queue.queues()[0].workers == 2)
        first.kill()
        first.wait()
        # The rescue does not wait for the whole lease, as it does while a session goes on.
        until(lambda: queue.stats().completed == 1, seconds=LEASE * 0.8)
    finally:
        os.kill(child, signal.SIGKILL)


@pytest.mark.slow
def test_a_job_that_kills_its_worker_fails_alone_and_not_the_others_of_its_batch(
    queue: Queue, dsn: str, start: Start
) -> None:
    payloads = [0, 1, "dies", 3, 4]
    jobs = queue.enqueue_many([Job(type="batch", payload=each) for each in payloads])
    running = [start(), start()]

    def have_ended() -> bool:
        for number, process in enumerate(running):
            if process.poll() is not None:
                running[number] = start()
        stats = queue.stats()
        return stats.completed + stats.failed == len(jobs)

    until(have_ended, 90)
    found = [queue.get(job.id) for job in jobs]
    statuses = [job and job.status for job in found]
    assert statuses == ["completed", "completed", "failed", "completed", "completed"]
    together = [job for job, _, _ in notes(dsn, "together")]
    assert sorted(together) == sorted(job.id for job in jobs)
    alone = [job for job, _, _ in notes(dsn, "alone")]
    assert {*alone} == {job.id for job in jobs}
    assert alone.count(jobs[2].id) == 3


@pytest.mark.slow
def test_jobs_that_had_not_begun_use_up_no_attempt(queue: Queue, dsn: str, start: Start) -> None:
    first = start(1)
    until(lambda: queue.queues() and queue.queues()[0].workers)
    jobs = queue.enqueue_many(
        [Job(type="sleep", payload={"seconds": 600 if n == 0 else 0}) for n in range(50)]
    )
    until(lambda: notes(dsn, "began"))
    first.kill()
    first.wait()
    start(5)
    until(lambda: queue.stats().completed == 50)
    stored = [queue.get(job.id) for job in jobs[1:]]
    assert {job.attempts for job in stored if job is not None} == {1}


@pytest.mark.slow
def test_a_job_that_kills_its_workers_ends_failed(queue: Queue, dsn: str, start: Start) -> None:
    worker = start()
    poison = queue.enqueue(Job(type="die", max_attempts=2))
    others = queue.enqueue_many(
        [Job(type="sleep", payload={"seconds": 0}, max_attempts=2) for _ in range(20)]
    )
    deadline = time.monotonic() + 120
    while queue.stats().completed < len(others) or queue.stats().failed == 0:
        assert time.monotonic() < deadline
        try:
            worker.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        worker = start()
    stored = queue.get(poison.id)
    assert stored is not None
    assert (stored.status, stored.attempts) == (JobStatus.FAILED, 2)
    assert stored.error == "the worker died"
    # It killed its first worker before that wrote the start, which therefore does not count. The
    # starts of rescued jobs are written before they run.
    assert [attempt for job, attempt, _ in notes(dsn, "began") if job == poison.id] == [1, 1, 2]
    # At most four others were running when the job killed its first worker.
    assert len(notes(dsn, "began")) - len(notes(dsn, "ended")) <= 3 + 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_running_job_end(
    queue: Queue, dsn: str, start: Start, number: signal.Signals
) -> None:
    worker = start(1)
    jobs = queue.enqueue_many([Job(type="sleep", payload={"seconds": 1}) for _ in range(2)])
    until(lambda: notes(dsn, "began"))
    worker.send_signal(number)
    assert worker.wait(60) == 0
    first, second = (queue.get(job.id) for job in jobs)
    assert first is not None
    assert second is not None
    assert first.status is JobStatus.COMPLETED
    assert (second.status, second.attempts) == (JobStatus.PENDING, 0)
    assert queue.queues()[0].workers == 0


@pytest.mark.slow
def test_a_second_signal_ends_at_once(queue: Queue, dsn: str, start: Start) -> None:
    worker = start()
    queue.enqueue(Job(type="sleep", payload={"seconds": 600}))
    until(lambda: notes(dsn, "began"))
    worker.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(0.5)
    worker.terminate()
    assert worker.wait(60) == 128 + signal.SIGTERM


@pytest.mark.slow
def test_a_worker_that_was_taken_for_dead_gives_its_jobs_up(
    queue: Queue, dsn: str, start: Start
) -> None:
    start()
    queue.enqueue(Job(type="sleep", payload={"seconds": 3}))
    until(lambda: notes(dsn, "began"))
    with psycopg.connect(dsn) as connection:
        connection.execute("DELETE FROM conduit_workers")
        connection.execute(
            "UPDATE jobs SET status = 'pending', token = NULL, locked_by = NULL, locked_at = NULL"
        )
    # The worker registers again under another name, and runs the jobs that it claims then.
    until(lambda: queue.stats().completed == 1)
    assert queue.queues()[0].workers == 1
    until(lambda: len(notes(dsn, "ended")) == 2)
    assert queue.stats().completed == 1


@pytest.mark.slow
def test_a_severed_connection_is_mended(queue: Queue, dsn: str, start: Start) -> None:
    start()
    until(lambda: queue.queues() and queue.queues()[0].workers)
    sever = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name LIKE 'conduit %%'"
    )
    for round_ in range(3):
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(sever.replace("%%", "%"))
        queue.enqueue(Job(type="sleep", payload={"seconds": 0}))
        until(lambda done=round_ + 1: queue.stats().completed == done)


@pytest.mark.parametrize("query", ["worker/register", "worker/heartbeat"])
def test_a_connection_severed_while_the_worker_starts_is_mended(
    queue: Queue,
    dsn: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    query: str,
) -> None:
    sessions: list[int] = []

    def severed_once(
        connection: psycopg.Connection[Any], statement: Any, schema: str | None
    ) -> Any:
        if statement.query == query:
            sessions.append(connection.info.backend_pid)
            if len(sessions) == 1:
                end_session(dsn, connection)
        return run(connection, statement, schema)

    monkeypatch.setattr(registration, "run", severed_once)
    ran = threading.Event()
    pool = WorkerPool(queue)
    pool.register("t", lambda context, payload: ran.set())
    with pool:
        queue.enqueue(Job(type="t"))
        assert ran.wait(60)
    assert len(set(sessions)) == 2
    assert "declared dead" not in caplog.text


def test_a_lock_that_delays_heartbeats_ends_no_session(
    queue: Queue, dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its session shows other workers that the worker lives."""
    heartbeats = (
        "SELECT pid, wait_event_type = 'Lock' FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = 'conduit heartbeat'"
    )
    with (
        WorkerPool(queue, workers=1),
        psycopg.connect(dsn, autocommit=True) as admin,
        psycopg.connect(dsn) as locking,
    ):
        until(lambda: queue.workers())
        [(session, _)] = admin.execute(heartbeats).fetchall()
        locking.execute("LOCK TABLE conduit_workers")
        until(lambda: "due to lock timeout" in caplog.text)
        until(lambda: any(waits for _, waits in admin.execute(heartbeats)))
        assert admin.execute(heartbeats).fetchall() == [(session, True)]
        [(sent,)] = locking.execute("SELECT heartbeat FROM conduit_workers").fetchall()
        locking.rollback()
        until(lambda: admin.execute("SELECT heartbeat FROM conduit_workers").fetchone() > (sent,))
    assert "declared dead" not in caplog.text


def test_a_connection_severed_when_the_queues_are_drained_is_mended(
    queue: Queue, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks: list[Any] = []

    async def severed_once(
        connection: psycopg.AsyncConnection[Any], statement: Any, schema: str | None
    ) -> Any:
        checks.append(statement)
        if len(checks) == 1:
            end_session(dsn, connection)
        return await run_async(connection, statement, schema)

    monkeypatch.setattr(async_connections, "run_async", severed_once)
    pool = WorkerPool(queue)
    pool.register("t", lambda context, payload: None)
    queue.enqueue(Job(type="t"))
    pool.run(drain=True)
    assert len(checks) == 2
    assert queue.stats().completed == 1


def end_session(
    dsn: str, connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any]
) -> None:
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))


def test_a_worker_whose_connections_were_just_severed_leaves_the_register(
    queue: Queue, dsn: str
) -> None:
    with WorkerPool(queue, workers=1) as pool, psycopg.connect(dsn, autocommit=True) as admin:
        register = "SELECT count(*) FROM conduit_workers"
        until(lambda: admin.execute(register).fetchone() == (1,))
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'conduit heartbeat'"
        )
        pool.stop()
        assert admin.execute(register).fetchone() == (0,)


@pytest.mark.slow
def test_a_job_that_is_locked_during_a_rescue_is_found_a_heartbeat_later(
    queue: Queue, dsn: str, timed: Timed
) -> None:
    # The worker checks at its start, and again because of the locked job.
    timed(maintenance=600.0)
    ran = threading.Event()
    pool = WorkerPool(queue)
    pool.register("t", lambda context, payload: ran.set())
    job = queue.enqueue(Job(type="t"))
    with psycopg.connect(dsn) as holder:
        holder.execute(
            "UPDATE jobs SET status = 'running', token = gen_random_uuid(), locked_by = 'dead', "
            "locked_at = now()"
        )
        holder.execute(
            "INSERT INTO conduit_workers (name, lock_key, host, pid, queues, lanes) "
            "VALUES ('dead', 1, 'h', 1, '{default}', '[]')"
        )
        holder.commit()
        holder.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", (job.id,))
        with pool:
            until(lambda: [each.workers for each in queue.queues()] == [1])
            holder.rollback()
            assert ran.wait(60)


@pytest.mark.slow
def test_a_rescue_that_postgres_refuses_keeps_no_other_from_its_own(queue: Queue, dsn: str) -> None:
    ran = threading.Event()
    pool = WorkerPool(queue)
    pool.register("t", lambda context, payload: ran.set())
    queue.enqueue(Job(type="t"))
    queue.enqueue(Job(type="refused"))
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute(
            "UPDATE jobs SET status = 'running', token = gen_random_uuid(), locked_at = now(), "
            "locked_by = 'dead ' || type"
        )
        admin.execute(
            "INSERT INTO conduit_workers (name, lock_key, host, pid, queues, lanes) "
            "VALUES ('dead refused', 1, 'h', 1, '{}', '[]'), ('dead t', 2, 'h', 1, '{}', '[]')"
        )
        admin.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE 'no'; END $$"
        )
        admin.execute(
            "CREATE TRIGGER refuse BEFORE UPDATE ON jobs FOR EACH ROW "
            "WHEN (OLD.type = 'refused') EXECUTE FUNCTION refuse()"
        )
        with pool:
            assert ran.wait(60)
            admin.execute("DROP TRIGGER refuse ON jobs")
            until(lambda: queue.stats().running == 0)


@pytest.mark.slow
def test_a_rescue_wakes_idle_workers(queue: Queue, dsn: str, timed: Timed) -> None:
    timed(poll=600.0)
    ran = threading.Event()
    pool = WorkerPool(queue)
    pool.register("t", lambda context, payload: ran.set())
    with pool, psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute(
            "INSERT INTO conduit_workers (name, lock_key, host, pid, queues, lanes) "
            "VALUES ('dead', 1, 'h', 1, '{}', '[]')"
        )
        admin.execute(
            "INSERT INTO jobs (queue, type, payload, status, token, locked_by, locked_at) "
            "VALUES ('default', 't', '{}', 'running', gen_random_uuid(), 'dead', now())"
        )
        assert ran.wait(60)
