"""A database with contents for every page: a bakery's day."""

import math
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from bakery_app import Bakery
from conduit_dashboard import Access
from conduit_runtime import Job, JobContext, Queue, WorkerPool, chain, group
from conduit_runtime.model.metrics.histogram import bucket_of
from dashboard_site import Site
from waiting import until

# Spread the jobs and their errors over the last day.
SPREAD = """
WITH spread AS (
  SELECT id, now() - (1 + row_number() OVER (ORDER BY id DESC)) * interval '4 minutes' AS at
  FROM jobs WHERE status <> 'running'
)
UPDATE jobs SET
  created_at = spread.at,
  run_at = CASE WHEN run_at > now() THEN run_at ELSE spread.at END,
  started_at = spread.at + (started_at - created_at),
  completed_at = spread.at + (completed_at - created_at),
  errors = (
    SELECT jsonb_agg(
      entry || jsonb_build_object(
        'at', spread.at + interval '1 second',
        'started_at', spread.at + interval '1 second'
          - ((entry ->> 'at')::timestamptz - (entry ->> 'started_at')::timestamptz)
      ) ORDER BY place)
    FROM jsonb_array_elements(errors) WITH ORDINALITY AS entries (entry, place))
FROM spread WHERE spread.id = jobs.id
"""
LATE = """
UPDATE jobs
SET run_at = run_at - interval '7 minutes', created_at = created_at - interval '7 minutes'
WHERE status = 'pending' AND queue IN ('mail', 'nowhere')
"""
METRICS = """
INSERT INTO conduit_metrics
  (seconds, starts_at, queue, type, succeeded, failed, duration, wait, durations, waits)
VALUES (%s, date_bin(make_interval(secs => %s), now() - make_interval(secs => %s), '2000-01-01'),
        %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""
RATES = {
    ("billing", "order.after_create.charge"): (3.0, 0.9),
    ("kitchen", "order.after_create.bake"): (5.0, 0.05),
    ("mail", "order.after_create.receipt"): (2.5, 0.3),
}
"""How many jobs run per second, and how many seconds a job takes."""


@contextmanager
def open_bakery(bakery: Bakery, dsn: str) -> Iterator[str]:
    """Fill the database, and run workers for the block; yield the id of a flow."""
    closing = threading.Event()
    with Queue(dsn) as queue:
        with bakery.worker():
            bakery.take_orders(30)
            until(lambda: not pending(dsn))
            bakery.open_bank()
            bakery.take_orders(60)
            until(lambda: not pending(dsn))
        flow = enqueue_reports(queue)
        with reports(queue, closing):
            until(lambda: not pending(dsn, "report.page"))
            with psycopg.connect(dsn) as conn:
                fill_metrics(conn)
                conn.execute(SPREAD)
            unreadable = Job("kitchen", "order.after_create.bake", {}, fingerprint="0000cafe")
            with bakery.worker():
                queue.enqueue_many([unreadable, Job("nowhere", "stock.count", {"shelf": 4})])
                queue.pause("mail")
                bakery.take_orders(6)
                until(lambda: unreadables(dsn))
                with psycopg.connect(dsn) as conn:
                    conn.execute(LATE)
                yield flow
                closing.set()


def act(site: Site) -> None:
    """Use the dashboard, so that its audit has entries."""
    [(failed,)] = site.sql("SELECT id FROM jobs WHERE status = 'failed' ORDER BY id LIMIT 1")
    waiting = site.sql("SELECT id FROM jobs WHERE queue = 'mail' AND status = 'pending' LIMIT 2")
    for user, path, fields in (
        ("ann", "/queues/limit", {"queue": "billing", "concurrency": 4}),
        ("bob", "/schedules/disable", {"schedule": "first-batch"}),
        ("ann", "/schedules/enable", {"schedule": "first-batch"}),
        ("bob", "/queues/pause", {"queue": "mail"}),
        ("ann", "/jobs/priority", {"id": [str(id) for (id,) in waiting], "to_priority": 90}),
        ("ann", "/jobs/delete", {"id": [str(failed)]}),
    ):
        site.access = Access.operate(user)
        response = site.post(path, **fields)
        assert response.status_code == 303, response.text


def enqueue_reports(queue: Queue) -> str:
    pages = group(
        Job("reports", "report.page", {"shop": shop}) for shop in ("Mitte", "Hafen", "Süd")
    )
    steps = Job("reports", "report.fetch", {"month": "October"}), pages
    ends = Job("reports", "report.month", {"month": "October"}), Job("reports", "report.send")
    return str(queue.enqueue_flow(chain(*steps, *ends))[0].flow)


@contextmanager
def reports(queue: Queue, closing: threading.Event) -> Iterator[None]:
    """Run a worker with handlers of its own, one of which runs until `closing` is set."""
    pool = WorkerPool(queue, "reports", workers=3)

    @pool.handler("report.fetch")
    @pool.handler("report.page")
    @pool.handler("report.send")
    async def run(context: JobContext, payload: dict[str, Any]) -> None: ...

    @pool.handler("report.month")
    def month(context: JobContext, payload: dict[str, Any]) -> None:
        context.progress(42, 100, "adding up the shops")
        closing.wait(600)

    with pool:
        yield


def fill_metrics(conn: psycopg.Connection[Any]) -> None:
    """Fill the minutes of two hours, the hours of two days and the days of a month.

    Days are busier than nights.
    """
    chance = random.Random(4)
    for seconds, count in ((60, 120), (3600, 48), (86400, 30)):
        for back in range(1, count):
            if seconds != 60 and back * seconds < {3600: 7200, 86400: 172800}[seconds]:
                continue
            for (queue, type_), (rate, took) in RATES.items():
                wave = 1 + 0.6 * math.sin(back * seconds / 13_750)
                done = int(rate * seconds * wave * chance.uniform(0.8, 1.2))
                failed = done // 200 + (done // 8 if seconds == 60 and 20 < back < 32 else 0)
                figures = (done - failed, failed, done * took, done * 0.02)
                buckets = (counts(done, took), counts(done, 0.02))
                at = (seconds, seconds, back * seconds)
                conn.execute(METRICS, (*at, queue, type_, *figures, *buckets))


def counts(done: int, typical: float) -> list[int]:
    """A histogram of so many durations around a typical one, in seconds."""
    middle, shares = bucket_of(typical), (0.05, 0.1, 0.2, 0.3, 0.2, 0.1, 0.04, 0.01)
    return [0] * (middle - 3) + [math.ceil(done * share) for share in shares]


def pending(dsn: str, type_: str = "order%") -> bool:
    sql = "SELECT FROM jobs WHERE status IN ('pending', 'running') AND type LIKE %s"
    return exists(dsn, sql, type_)


def unreadables(dsn: str) -> bool:
    return exists(dsn, "SELECT FROM jobs WHERE fingerprint LIKE %s", "%!%")


def exists(dsn: str, sql: str, value: str) -> bool:
    with psycopg.connect(dsn) as conn:
        return conn.execute(sql, (value,)).fetchone() is not None
