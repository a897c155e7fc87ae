"""`doctor` reports each finding if its cause is there, and none in a healthy database."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from conduit_runtime import CronScheduler, Job, Queue, Schedule, WorkerPool, migrate
from conduit_runtime.doctor.checked_database import Limits, Package
from conduit_runtime.doctor.checkup import examine
from conduit_runtime.worker.run.handlers import HandlerRegistry
from doctor_findings import codes, execute, find, register
from example_jobs import JOBS
from waiting import until

HOUR = timedelta(hours=1)


def test_a_healthy_database_has_no_findings(queue: Queue) -> None:
    CronScheduler(queue).add(Schedule.every(hours=1, type="t"))
    queue.enqueue_many([Job(type="t", delay=HOUR), Job("mail", "t", delay=HOUR)])
    pool = WorkerPool(queue)
    pool.register("t", lambda context, payload: None)
    with pool:
        report = examine(queue.dsn, None)
    assert (report.findings, report.unread) == ([], {})
    assert len(report.checked) == 13


def test_no_tables(empty_dsn: str) -> None:
    report = examine(empty_dsn, None)
    assert codes(report) == ["not-migrated"]
    migrate(empty_dsn, "elsewhere")
    assert codes(examine(empty_dsn, None)) == ["not-migrated"]
    assert codes(examine(empty_dsn, "elsewhere")) == []


def test_no_connection() -> None:
    report = examine("host=127.0.0.1 port=1 password=hunter2", None)
    assert codes(report) == ["no-connection"]
    assert report.has_errors
    assert "hunter2" not in str(report)


def test_jobs_in_threads_that_nothing_stops(queue: Queue, dsn: str) -> None:
    pool, ending = WorkerPool(queue, workers=5), threading.Event()
    pool.register("hangs", lambda context, payload: ending.wait(60))
    pool.register("ends", lambda context, payload: ending.wait(60), timeout=HOUR)
    pool.register("isolated", lambda context, payload: None, isolated=True)
    described = {each.type: each.description for each in pool.handlers.descriptions()}
    assert [type_ for type_, each in described.items() if each.keeps_threads] == ["hangs"]
    del pool.handlers.by_type["isolated"], pool.handlers.isolated["isolated"]

    queue.enqueue_many([Job(type="hangs"), Job(type="hangs"), Job(type="ends")])
    queue.enqueue(Job(type="hangs", timeout=60))
    try:
        with pool:
            until(lambda: sum(len(each.running) for each in queue.workers()) == 4)
            assert "kept-threads" not in codes(examine(dsn, None))
            execute(dsn, "UPDATE jobs SET started_at = started_at - interval '3 hours'")
            finding = find(dsn, "kept-threads")
            ending.set()
    finally:
        ending.set()
    assert finding.message.startswith("2 jobs of hangs have run for up to 3 hours")
    assert "isolated=True" in finding.action


def test_a_dead_worker_and_the_jobs_that_it_held(queue: Queue, dsn: str) -> None:
    register(dsn, "gone", ["default"], ["t"], silent=True)
    queue.enqueue(Job(type="t"))
    execute(
        dsn,
        "UPDATE jobs SET status = 'running', locked_by = 'gone', "
        "locked_at = now() - interval '1 hour'",
    )
    assert "gone" in find(dsn, "dead-worker").message
    stuck = find(dsn, "stuck-jobs")
    assert "1 job is marked as running for 60 minutes" in stuck.message
    assert stuck.where == "held by gone"
    assert stuck.severity == "error"


def test_jobs_that_postgres_does_not_let_workers_claim(queue: Queue, dsn: str) -> None:
    execute(dsn, "ALTER TABLE jobs ADD CONSTRAINT no_mail CHECK (status <> 'running')")
    queue.enqueue_many([Job(type="t"), Job(type="t")])
    assert queue.dequeue("by hand") == []
    found = find(dsn, "refused-claims")
    assert "2 jobs of t cannot start: Postgres refused the claim: " in found.message
    assert "no_mail" in found.message
    assert (queue.stats().refused, queue.queues()[0].refused) == (2, 2)


def test_a_lease_that_lapsed(queue: Queue, dsn: str) -> None:
    queue.enqueue(Job(type="t"))
    queue.dequeue("by hand")
    assert "stuck-jobs" not in codes(examine(dsn, None))
    execute(dsn, "UPDATE jobs SET leased_until = now() - interval '1 hour'")
    assert find(dsn, "stuck-jobs").where == "held by by hand"


def test_a_queue_without_a_worker_a_paused_one_and_a_type_without_code(
    queue: Queue, dsn: str
) -> None:
    register(dsn, "here", ["default", "paused"], ["known"])
    due = {"delay": -HOUR}
    queue.enqueue_many(
        [
            Job("mail", "known", **due),
            Job("default", "known", **due),
            Job("default", "typo", **due),
            Job("paused", "known", **due),
            Job("default", "just now"),
            Job("default", "later", delay=HOUR),
        ]
    )
    queue.pause("paused")
    report = examine(dsn, None)
    assert sorted(codes(report)) == ["paused-queue", "queue-without-worker", "unhandled-type"]
    unserved = find(dsn, "queue-without-worker")
    assert unserved.where == "queue mail"
    assert "for up to 60 minutes" in unserved.message
    assert "typo" in find(dsn, "unhandled-type").message
    assert find(dsn, "paused-queue").severity == "warning"
    assert find(dsn, "paused-queue").action == "conduit-jobs queues resume paused"


def test_parked_jobs_that_nothing_releases(queue: Queue, dsn: str) -> None:
    queue.limit_type("t", 1, per_key=True)
    queue.enqueue_many([Job(type="t", key="a", delay=-HOUR) for _ in range(3)])
    [running] = queue.dequeue("w", limit=10)
    queue.complete(running)
    assert codes(examine(dsn, None)) == ["queue-without-worker"]
    register(dsn, "here", ["default"], ["known"])
    assert codes(examine(dsn, None)) == ["unhandled-type"]
    register(dsn, "here", ["default"], ["t"])
    assert codes(examine(dsn, None)) == []
    queue.pause("default")
    assert codes(examine(dsn, None)) == ["paused-queue"]


def test_unreadable_jobs(queue: Queue, dsn: str) -> None:
    queue.enqueue(Job(type="t", fingerprint="0a"))
    execute(dsn, "UPDATE jobs SET fingerprint = '0a!9b'")
    finding = find(dsn, "unreadable-jobs")
    assert "jobs of t with the shape 0a" in finding.message
    assert finding.severity == "error"


def test_a_backlog_though_workers_live_and_some_jobs_are_unreadable(queue: Queue, dsn: str) -> None:
    register(dsn, "here", ["mail"], ["t"])
    queue.enqueue_many([Job("mail", "t", delay=-HOUR) for _ in range(3)])
    queue.enqueue(Job("mail", "t", fingerprint="0a"))
    execute(dsn, "UPDATE jobs SET fingerprint = '0a!9b' WHERE fingerprint = '0a'")
    report = examine(dsn, None)
    assert sorted(codes(report)) == ["backlog", "unreadable-jobs"]
    backlog = find(dsn, "backlog")
    assert "3 jobs of the queue mail are due, the first for 60 minutes" in backlog.message
    assert (backlog.severity, backlog.about) == ("warning", {"queue": "mail"})
    queue.pause("mail")
    assert sorted(codes(examine(dsn, None))) == ["paused-queue", "unreadable-jobs"]


def test_a_rate_limit_and_a_key_behind_a_backlog(queue: Queue, dsn: str) -> None:
    register(dsn, "here", ["mail"], ["t"])
    queue.enqueue_many([Job("mail", "t", key="acme", delay=-HOUR) for _ in range(99)])
    queue.rate_limit("t", 1, per=HOUR)
    assert sorted(codes(examine(dsn, None))) == ["backlog", "rate-limit"]
    queue.enqueue_many([Job("mail", "t", key=key, delay=-HOUR) for key in ("acme", None)])
    limit, key = find(dsn, "rate-limit"), find(dsn, "flooding-key")
    assert "due for up to 60 minutes, and their rate limit lets 1 start within 60" in limit.message
    assert "rate-limit t --starts N --per 3600s" in limit.action
    assert "100 of the first 101 due jobs of the queue mail have the key acme" in key.message
    assert key.about == {"queue": "mail", "key": "acme"}
    queue.enqueue_many([Job("mail", "t", key="other", delay=-HOUR) for _ in range(200)])
    assert find(dsn, "flooding-key").about["key"] == "other"
    queue.enqueue_many([Job("mail", "t", delay=-HOUR) for _ in range(200)])
    assert "flooding-key" not in codes(examine(dsn, None))


def test_a_key_that_a_failed_job_holds(queue: Queue, dsn: str) -> None:
    def fail(context: object, payload: object) -> None:
        raise ValueError("no")

    pool = WorkerPool(queue)
    pool.register("t", fail, ordered=True, on_failure="hold")
    with pool:
        keys = ("acme", "other", "alone")
        failed, *_ = queue.enqueue_many([Job(type="t", key=key, max_attempts=1) for key in keys])
        until(lambda: queue.stats().failed == 3)
        queue.enqueue_many([Job(type="t", key=key, delay=-HOUR) for key in keys[:2]])
        queue.enqueue(Job(type="t", key="alone"))
        found = find(dsn, "held-key")
    assert f"with the key acme wait behind the job {failed.id}, which failed" in found.message
    assert "other keys that wait so: 1" in found.message
    assert found.about == {"type": "t", "key": "acme"}
    execute(dsn, "DELETE FROM jobs WHERE status = 'failed'")
    assert "held-key" not in codes(examine(dsn, None))


def test_a_key_that_a_later_retry_holds(queue: Queue, dsn: str) -> None:
    execute(dsn, "INSERT INTO conduit_type_limits (type, key_order) VALUES ('t', 'skip')")
    held, *_ = queue.enqueue_many([Job(type="t", key=key, delay=-HOUR) for key in ("acme", "acme")])
    [first] = queue.dequeue("w", limit=10)
    queue.fail(first, "away")
    execute(dsn, "UPDATE jobs SET run_at = now() + interval '30 s' WHERE attempts = 1")
    assert "held-key" not in codes(examine(dsn, None))
    execute(dsn, f"UPDATE jobs SET run_at = now() + interval '3 hours' WHERE id = '{held.id}'")
    found = find(dsn, "held-key")
    assert f"the key acme wait behind the job {held.id}, which goes on in 3 hours" in found.message
    assert found.action.startswith(f"conduit-jobs jobs retry {held.id}; or cancel it")
    queue.cancel(held.id)
    assert "held-key" not in codes(examine(dsn, None))


def test_a_schedule_that_nothing_runs(queue: Queue, dsn: str) -> None:
    CronScheduler(queue).add(Schedule.every(hours=1, type="t"))
    assert codes(examine(dsn, None)) == []
    execute(dsn, "UPDATE conduit_schedules SET next_run_at = now() - interval '3 hours'")
    found = find(dsn, "overdue-schedule")
    assert "the schedule t has been due for 3 hours" in found.message
    assert (found.severity, found.about) == ("error", {"schedule": "t"})
    CronScheduler(queue).disable("t")
    assert codes(examine(dsn, None)) == []


def test_a_held_lock(dsn: str) -> None:
    with psycopg.connect(dsn) as holder, psycopg.connect(dsn) as waiter:
        holder.execute("SELECT pg_advisory_xact_lock(7)")
        holder.execute("LOCK TABLE conduit_schedules")
        with ThreadPoolExecutor() as threads:
            waiting = threads.submit(waiter.execute, "LOCK TABLE conduit_schedules")
            limits = Limits(lock=0.0)
            held = until(
                lambda: [
                    each
                    for each in examine(dsn, None, limits=limits).findings
                    if each.code == "held-lock"
                ]
            )
            assert held[0].action == (
                f"SELECT pg_catalog.pg_terminate_backend({holder.info.backend_pid});"
            )
            assert "1 session waits for it" in held[0].message
            holder.rollback()
            waiting.result()
    assert codes(examine(dsn, None, limits=limits)) == []


def test_a_history_that_nothing_deletes(queue: Queue, dsn: str) -> None:
    execute(dsn, "INSERT INTO jobs (queue, type, status) SELECT 'mail', 't', 'completed'")
    limits = Limits(history=100.0)

    def found() -> list[str]:
        return codes(examine(dsn, None, limits=limits))

    assert codes(examine(dsn, None)) == []
    assert found() == ["endless-history"]
    queue.retention("mail", keep_failed=HOUR)
    assert found() == ["endless-history"]
    queue.retention("mail", keep_completed=HOUR)
    assert found() == []
    execute(dsn, "UPDATE jobs SET status = 'failed'")
    assert found() == ["endless-history"]
    register(dsn, "here", ["mail"], ["t"])
    execute(dsn, "UPDATE conduit_workers SET keep_failed = 60")
    assert found() == []
    execute(dsn, "UPDATE jobs SET status = 'pending', run_at = now() + interval '1 day'")
    execute(dsn, "UPDATE conduit_workers SET keep_failed = NULL")
    assert found() == []


def test_schedules_without_code_and_failing_ones(queue: Queue, dsn: str) -> None:
    scheduler = CronScheduler(queue)
    scheduler.add(Schedule.every(hours=1, type="known"))
    report = examine(dsn, None)
    assert "PACKAGE" in report.unread["schedules"]
    register(dsn, "here", ["default"], ["known"])
    assert codes(examine(dsn, None)) == []
    scheduler.add(Schedule.every(hours=1, type="typo", name="nightly"))
    finding = find(dsn, "schedule-without-code")
    assert "nightly enqueues jobs of typo" in finding.message
    handlers = HandlerRegistry()
    handlers.register("typo", lambda context, payload: None)
    package = Package(("p",), handlers)
    assert codes(examine(dsn, None, package)) == []
    scheduler.disable("nightly")
    assert codes(examine(dsn, None)) == []
    execute(dsn, "UPDATE conduit_schedules SET failures = 3, error = 'no' WHERE name = 'known'")
    assert "3 times in a row: no" in find(dsn, "failing-schedule").message


def test_a_package_that_would_strand_jobs(queue: Queue, dsn: str) -> None:
    queue.enqueue(Job(type="other"))
    queue.enqueue(Job(JOBS[0].queue, JOBS[0].name, {}, fingerprint="old"))
    handlers = HandlerRegistry()
    handlers.register_job_types(JOBS)
    package = Package(("app.jobs",), handlers, {JOBS[0].queue: None})
    report = examine(dsn, None, package)
    assert codes(report) == ["stranded-jobs"]
    assert report.findings[0].action == "conduit-jobs preflight app.jobs"
    package.retired = {"other"}
    messages = [each.message for each in examine(dsn, None, package).findings]
    gone = "job of other (any shape) would not run: no job type of the package has this name"
    assert any(gone in each for each in messages)


@pytest.mark.slow
def test_it_does_not_wait_for_locks(dsn: str) -> None:
    with psycopg.connect(dsn) as holder:
        holder.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        report = examine(dsn, None)
        assert time.monotonic() - began < 60
    assert "waiting jobs" in report.unread
