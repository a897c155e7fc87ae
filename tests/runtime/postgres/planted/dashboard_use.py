"""Sends the statements of the dashboard."""

from datetime import UTC, datetime, timedelta
from functools import partial

import psycopg
from conduit_runtime import Job
from conduit_runtime.model.dashboard.job_filter import JobFilter
from conduit_runtime.model.job import JobStatus
from conduit_runtime.postgres.execute import run
from conduit_runtime.postgres.host_settings import SETTINGS
from conduit_runtime.postgres.steps import Run, run_steps
from conduit_runtime.statements.dashboard import audit, bulk, job_list, overview, queues, workers
from conduit_runtime.statements.dashboard import job as dashboard_job
from conduit_runtime.statements.dashboard import types as dashboard_types
from conduit_runtime.statements.dashboard.audit import last_changes
from conduit_runtime.statements.dashboard.errors import error_groups
from conduit_runtime.statements.many import changes


def show(dsn: str) -> None:
    """Send all statements of the dashboard."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(SETTINGS)
        id = run(connection, audit.record("ada", "retry", {}, 1))
        run(connection, audit.entry(id))
        run(connection, audit.entries(10))
        run(connection, overview.attempts(timedelta(hours=1), timedelta(minutes=1)))
        run(connection, overview.recent_attempts())
        run(connection, overview.overdue_attempts())
        run(connection, queues.settings())
        run(connection, queues.gauges(["default"]))
        run(connection, last_changes("queue", ["pause"]))
        run(connection, workers.handled_types())
        run(connection, workers.lanes("w"))
        run(connection, error_groups())
        run(connection, dashboard_types.type_shapes())
        run(connection, dashboard_types.type_activity(timedelta(hours=1)))
        list_jobs(partial(run, connection))
        change_jobs(partial(run, connection))
        show_job(partial(run, connection))


def list_jobs(send: Run) -> None:
    """List jobs with every part of a filter."""
    hour = timedelta(hours=1)
    every = JobFilter("due", "q", "t", hour, hour, "e", "0", "w", {"n": 1}, only_plain=True)
    statuses = ("scheduled", "unreadable", "refused", "running")
    for wanted in (every, *map(JobFilter, statuses)):
        send(job_list.scan(wanted, 1))
        send(job_list.scan(wanted, 1, sort="oldest"))
        send(job_list.first(wanted, 1, "time"))
        send(job_list.count(wanted))
        if few := job_list.few(wanted, 1):
            send(few)


def change_jobs(send: Run) -> None:
    """Make every change of jobs, as an action in the background does."""
    id = send(audit.record("ada", "retry", {}, 0, state="running"))
    run_steps(bulk.change_matching(changes.run_now(), JobFilter(status="due")), send)
    run_steps(bulk.change_matching(changes.move("elsewhere"), JobFilter(type="t")), send)
    run_steps(bulk.change_matching(changes.prioritize(1), JobFilter(type="t")), send)
    run_steps(bulk.change_matching(changes.cancel(), JobFilter(queue="elsewhere")), send)
    run_steps(bulk.change_matching(changes.retry(), JobFilter(status="cancelled")), send)
    run_steps(bulk.change_matching(changes.delete(), JobFilter(older=timedelta(0))), send)
    send(bulk.progress(id, 1))
    send(bulk.stop(id, "retry"))
    send(bulk.take_over(id, "retry"))
    send(bulk.end(id, "done"))
    send(bulk.recent())


def show_job(send: Run) -> None:
    """Read all data of a job and of a flow."""
    job = Job(
        status=JobStatus.COMPLETED, started_at=datetime.now(UTC), completed_at=datetime.now(UTC)
    )
    send(dashboard_job.shown_job(job.id))
    send(dashboard_job.children(job))
    send(dashboard_job.neighbours(job.id))
    send(dashboard_job.unique_key(job))
    send(dashboard_job.start_facts([job.id]))
    send(dashboard_job.flow_jobs(job.id, job.id, 10))
    send(dashboard_job.followed_jobs([job.id]))
