"""The overview: what needs attention, the charts, the queues by their oldest due job."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from conduit_runtime import CronScheduler, Job, Schedule, WorkerPool
from conduit_runtime.doctor.checked_database import Limits
from conduit_runtime.postgres.execute import run
from conduit_runtime.postgres.tables.grants import grants
from conduit_runtime.statements import worker_registry
from dashboard_site import Site, serving
from psycopg.conninfo import make_conninfo
from waiting import until

METRICS = """
INSERT INTO conduit_metrics (seconds, starts_at, queue, type, succeeded, failed, durations, waits)
SELECT %s, date_bin(make_interval(secs => %s), now(), '2000-01-01') - make_interval(secs => %s),
       'default', %s, %s, %s, '{0, 0, 3}', '{1}'
RETURNING starts_at
"""
HOUR = timedelta(hours=1)


def count(site: Site, type_: str, succeeded: int, failed: int, seconds: int = 60) -> datetime:
    """Record attempts that ended in the period before the present one; return when it began."""
    [(begin,)] = site.sql(METRICS, seconds, seconds, seconds, type_, succeeded, failed)
    assert isinstance(begin, datetime)
    return begin


def make_due(site: Site, since: timedelta, queue: str = "default") -> None:
    site.queue.enqueue(Job(queue, "t"))
    site.sql("UPDATE jobs SET run_at = now() - %s WHERE queue = %s", since, queue)


def concerns(site: Site) -> dict[str, Any]:
    return {each["code"]: each for each in site.json("/")["concerns"]}


def test_nothing_yet(site: Site) -> None:
    html = site.html("/")
    assert "Nothing needs attention." in html
    assert "Enqueue a job, or start a worker." in html
    assert "No worker is registered." in html
    assert "No attempt ended in this period." in html
    assert html.count('<svg class="chart"') == 4


@pytest.mark.parametrize(
    ("window", "seconds", "parts"), [("1h", 60, 61), ("24h", 3600, 25), ("30d", 86_400, 31)]
)
def test_attempts_are_shown_where_they_happened(
    site: Site, window: str, seconds: int, parts: int
) -> None:
    begin = count(site, "t", 7, 3, seconds)
    attempts = site.json("/", window=window)["attempts"]
    assert len(attempts) == parts
    assert [(each["succeeded"], each["failed"]) for each in attempts if each["succeeded"]] == [
        (7, 3)
    ]
    [ended] = [each for each in attempts if each["succeeded"]]
    assert datetime.fromisoformat(ended["since"]) == begin
    assert ended in attempts[-3:-1]  # a period may have ended since
    assert 0.001 < ended["run_p50"] < ended["run_p95"] <= 0.002
    assert ended["wait_p95"] < 0.001
    html = site.html("/", window=window)
    assert "7 succeeded, 3 failed" in html
    assert "No attempt ended" not in html
    assert f'aria-current="true">{window}</a>' in html
    assert html.count("<tr>") == parts + 1  # the charts as a table


def test_attempts_of_a_type(site: Site) -> None:
    count(site, "t", 7, 0)
    count(site, "<u>", 1, 0)
    attempts = site.json("/", type="<u>")["attempts"]
    assert sum(each["succeeded"] for each in attempts) == 1
    html = site.html("/", type="<u>")
    assert "Attempts at &lt;u&gt;" in html
    assert "<u>" not in html


def test_a_window_that_is_none(site: Site) -> None:
    response = site.client.get("/", params={"window": "<b>"})
    assert response.status_code == 400
    assert "use one of 1h, 24h, 30d" in response.text
    assert "<b>" not in response.text


def test_what_was_read_is_reused_for_a_moment(site: Site) -> None:
    assert sum(each["succeeded"] for each in site.json("/")["attempts"]) == 0
    count(site, "t", 7, 0)
    until(lambda: sum(each["succeeded"] for each in site.json("/")["attempts"]) == 7)


def test_a_queue_without_a_worker(site: Site) -> None:
    make_due(site, HOUR, "<mail>")
    found = concerns(site)["queue-without-worker"]
    assert (found["severity"], found["page"]) == ("error", "/jobs")
    assert found["query"] == {"status": "due", "queue": "<mail>"}
    assert "No live worker serves the queue &lt;mail&gt;" in site.html("/")


def test_a_paused_queue_with_due_jobs(site: Site) -> None:
    make_due(site, HOUR)
    site.queue.pause("default")
    found = concerns(site)["paused-queue"]
    assert (found["severity"], found["page"]) == ("warning", "/queues")
    assert 'action="/queues/resume"' in site.html(found["page"], **found["query"])
    assert "conduit-jobs" not in found["action"]
    site.queue.resume("default")
    site.dashboard.database.forget()
    assert "paused-queue" not in concerns(site)


def test_unreadable_jobs(site: Site) -> None:
    site.sql("INSERT INTO jobs (type, fingerprint) VALUES ('t', 'abc!def')")
    found = concerns(site)["unreadable-jobs"]
    assert found["query"] == {"status": "unreadable", "queue": "default", "type": "t"}
    assert site.json(found["page"], **found["query"])["jobs"]


def test_refused_jobs(site: Site) -> None:
    site.sql(
        "INSERT INTO jobs (type, refusals, run_at, error) VALUES ('t', 1, "
        "now() + interval '1 minute', 'Postgres refused the claim: not today')"
    )
    found = concerns(site)["refused-claims"]
    assert found["query"] == {"status": "refused", "queue": "default", "type": "t"}
    assert found["message"] == "1 job of t cannot start: Postgres refused the claim"
    [job] = site.json(found["page"], **found["query"])["jobs"]
    assert job["error"] == "Postgres refused the claim: not today"
    assert "status-refused" in site.html(found["page"], **found["query"])


def test_failing_types(site: Site) -> None:
    count(site, "healthy", 100, 9)
    count(site, "few", 0, 4)
    count(site, "ill", 45, 5)
    assert "5 of 50 attempts at jobs of ill failed in the last hour (10%)" in site.html("/")
    [found] = [each for each in site.json("/")["concerns"] if each["code"] == "failing-type"]
    assert (found["severity"], found["query"]) == ("warning", {"type": "ill"})


def test_a_type_that_mostly_fails_is_an_error(site: Site) -> None:
    count(site, "ill", 5, 5)
    assert concerns(site)["failing-type"]["severity"] == "error"


def test_stuck_attempts(site: Site) -> None:
    make_due(site, HOUR)
    site.sql("UPDATE jobs SET status = 'running', locked_by = 'gone', locked_at = now() - %s", HOUR)
    assert concerns(site)["stuck-jobs"]["query"] == {"status": "running"}


def test_attempts_whose_time_is_over(site: Site) -> None:
    make_due(site, HOUR)
    site.sql(
        "UPDATE jobs SET status = 'running', start_written = true, timeout = 60, started_at = now()"
    )
    assert "overdue-attempts" not in concerns(site)
    site.sql("UPDATE jobs SET started_at = now() - %s", HOUR)
    site.dashboard.database.forget()
    found = concerns(site)["overdue-attempts"]
    assert found["query"] == {"status": "running", "type": "t"}
    assert "59 minutes after the end of their time" in found["message"]


def test_a_held_snapshot(site: Site) -> None:
    with psycopg.connect(site.queue.dsn) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute("SELECT 1")
        assert "held-snapshot" not in concerns(site)
        site.bound(limits=Limits(snapshot=0.0))
        found = concerns(site)["held-snapshot"]
        assert (found["page"], found["severity"]) == (None, "warning")
        assert "pg_terminate_backend" in site.html("/")


def test_snapshots_that_the_role_may_not_see(site: Site) -> None:
    role = f"reader_{uuid4().hex}"
    site.sql(f"CREATE ROLE {role} LOGIN")
    try:
        for statement in grants(None, readers=[role]):
            site.sql(statement)
        with serving(make_conninfo(site.queue.dsn, user=role)) as limited:
            assert limited.json("/")["not_checked"] == [
                "snapshots of other roles, which this role may not see"
            ]
            assert "which this role may not see" in limited.html("/")
    finally:
        site.sql(f"DROP OWNED BY {role}")
        site.sql(f"DROP ROLE {role}")


def test_a_schedule_that_fails(site: Site) -> None:
    CronScheduler(site.queue).add(Schedule.every(hours=1, type="t"))
    site.sql("UPDATE conduit_schedules SET failures = 2, error = 'no room'")
    assert concerns(site)["failing-schedule"]["page"] == "/schedules"


def test_errors_come_first_and_there_is_an_end_of_them(site: Site) -> None:
    site.queue.pause("paused")
    make_due(site, HOUR, "paused")
    site.sql(
        "INSERT INTO jobs (queue, type, run_at) "
        "SELECT 'q' || n, 't', now() - interval '1 hour' FROM generate_series(1, 30) AS n"
    )
    page = site.json("/")
    assert [each["severity"] for each in page["concerns"]] == ["error"] * 25 + ["warning"]
    assert page["more_concerns"] == 5
    html = site.html("/")
    assert "24 more like this" in html
    assert "And 5 more" in html


def test_a_backlog_is_a_concern(site: Site) -> None:
    site.sql(
        "INSERT INTO jobs (queue, type, run_at) "
        "SELECT 'mail', 't', now() - interval '3 hours' FROM generate_series(1, 7)"
    )
    with psycopg.connect(site.queue.dsn, autocommit=True) as connection:
        run(connection, worker_registry.register("w", 1, "h", 1, ["mail"], [("t", "")]))
    found = concerns(site)["backlog"]
    assert (found["severity"], found["page"]) == ("warning", "/jobs")
    assert found["query"] == {"status": "due", "queue": "mail"}
    assert found["message"].startswith("7 jobs of the queue mail are due, the first for 3 hours")
    site.sql(
        "UPDATE jobs SET fingerprint = '0a!9b' WHERE id = (SELECT min(id::text)::uuid FROM jobs)"
    )
    site.dashboard.database.forget()
    found = concerns(site)  # an unreadable job does not explain why others are due
    assert "unreadable-jobs" in found
    assert found["backlog"]["message"].startswith("6 jobs")
    site.queue.pause("mail")
    site.dashboard.database.forget()
    assert "backlog" not in concerns(site)  # the pause explains it


@pytest.mark.slow
def test_a_chart_that_takes_too_long_leaves_the_rest(site: Site) -> None:
    site.bound(patience=1.0)
    make_due(site, HOUR, "mail")
    with psycopg.connect(site.queue.dsn) as connection:
        connection.execute("LOCK TABLE conduit_metrics")
        html = site.html("/", window="30d")
        assert "took too long to read these attempts" in html
        assert "no live worker serves the queue mail" in html.lower()
        assert {"charts", "attempts of the last hour"} <= {*site.json("/")["not_checked"]}


@pytest.mark.slow
def test_what_cannot_be_read_in_time_is_reported(site: Site) -> None:
    """While another transaction locks a table, the page still comes, and says what it lacks."""
    site.bound(patience=2.0)
    with psycopg.connect(site.queue.dsn) as connection:
        connection.execute("LOCK TABLE conduit_schedules")
        until(lambda: site.json("/")["not_checked"] == ["schedules"])


def test_the_queue_that_waits_longest_comes_first(site: Site) -> None:
    make_due(site, timedelta(minutes=3), "a")
    make_due(site, HOUR, "b")
    site.queue.enqueue(Job("c", "t", delay=HOUR))
    page = site.json("/")
    assert [each["queue"] for each in page["queues"]] == ["b", "a", "c"]
    assert [each["due"] for each in page["queues"]] == [1, 1, 0]
    assert re.search(r"60 minutes.*3 minutes", site.html("/"), re.DOTALL)


def test_workers_alive_and_silent(site: Site) -> None:
    with psycopg.connect(site.queue.dsn, autocommit=True) as connection:
        run(connection, worker_registry.register("w", 1, "h", 1, ["default"], [("t", "")]))
    pool = WorkerPool(site.queue)
    pool.register("t", lambda context, payload: None)
    with pool:
        site.sql("UPDATE conduit_workers SET seen_at = now() - %s WHERE name = 'w'", HOUR)
        workers = until(lambda: (w := site.json("/")["workers"])["alive"] and w)
    assert (workers["alive"], workers["silent"]) in {(1, 1), (1, 0)}  # the pool may remove `w`
