"""Ten incidents: how each comes about, what gives its cause away, and when it is over."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import psycopg
from command_line import Run
from conduit_runtime import Job
from dashboard_site import Site
from described import attempt, describe
from example_app import SCHEMA, insert_order
from example_jobs.order import after_create
from waiting import until

DUE = """
INSERT INTO jobs (queue, type, key, payload, run_at)
SELECT 'mail', 'charge', %s, '{"amount": "1.50"}', now() - interval '1 hour'
FROM generate_series(1, %s)
"""
LIVE = """
INSERT INTO conduit_workers (name, host, pid, queues, lanes, seen_at)
VALUES ('w', 'h', 1, '{mail}', '[["charge", ""]]', now() + interval '1 hour')
"""
SCHEDULE = """
INSERT INTO conduit_schedules (name, type, queue, payload, every, next_run_at)
VALUES ('nightly', 'charge', 'mail', '{"amount": "1"}', 86400, now() - interval '3 hours')
"""
HISTORY = """
WITH large AS MATERIALIZED (
  SELECT to_jsonb(string_agg(md5(random()::text), '')) AS text FROM generate_series(1, 65536)
)
INSERT INTO jobs (queue, type, status, payload, created_at, completed_at)
SELECT 'mail', 'charge', 'completed', text, now() - interval '40 days', now() - interval '30 days'
FROM large CROSS JOIN generate_series(1, 260)
"""
WAITS = """
SELECT 1 FROM pg_locks WHERE NOT granted AND waitstart < clock_timestamp() - interval '10 s'
"""

_ALL_ENDED = "SELECT count(*) FILTER (WHERE status NOT IN ('completed', 'cancelled')) = 0 FROM jobs"


@dataclass(frozen=True)
class Incident:
    """`cause` stands in the answer that gives it away.

    `command` is a pattern of the command that the answers name; without one they name a call.
    `deployed` is the worker that runs afterwards, and `over` SQL that is then true.
    """

    name: str
    seed: Callable[[Site, Run], "AbstractContextManager[None] | None"]
    cause: str
    command: str = ""
    deployed: tuple[str, ...] = ("bank_handlers:new",)
    over: str = _ALL_ENDED

    def seeded(self, site: Site, run: Run) -> "AbstractContextManager[None]":
        return self.seed(site, run) or nullcontext()


def pause(site: Site, run: Run) -> None:
    site.sql(DUE, None, 3)
    site.sql(LIVE)
    site.queue.pause("mail")


def lack_a_type(site: Site, run: Run) -> None:
    site.sql(LIVE)
    site.sql(DUE, None, 3)
    site.sql("UPDATE jobs SET type = 'refund'")


def poison(site: Site, run: Run) -> None:
    bad = Job("mail", "charge", payload={"amount": "12,50"}, max_attempts=1)
    site.queue.enqueue_many([bad, *(Job(**vars_of(bad)) for _ in range(5))])
    run("worker", "bank_handlers:old", "--drain")


def vars_of(job: Job) -> dict[str, object]:
    return {name: getattr(job, name) for name in ("queue", "type", "payload", "max_attempts")}


def strand(site: Site, run: Run) -> None:
    """A worker of the deploy before this one marked what it could not read."""
    with psycopg.connect(site.queue.dsn) as connection:
        connection.execute(SCHEMA)
        after_create(connection, insert_order(connection))
        connection.execute("UPDATE jobs SET fingerprint = fingerprint || '!0123456789ab'")


def stop_a_schedule(site: Site, run: Run) -> None:
    site.sql(SCHEDULE)


def slow_down(site: Site, run: Run) -> None:
    site.sql(LIVE)
    site.sql(DUE, None, 30)
    describe(site, "charge", "", calls=["Bank.charge"])
    attempt(site, "charge", 1, 0)


@contextmanager
def lock(site: Site, run: Run) -> Iterator[None]:
    """A transaction of the application changed an account, and was left open."""
    site.sql("CREATE TABLE accounts AS SELECT 7 AS id, 0 AS paid")
    change = "UPDATE accounts SET paid = paid + 1"
    waiter = threading.Thread(target=site.sql, args=[change])
    try:
        with psycopg.connect(site.queue.dsn) as forgotten:
            forgotten.execute(change)
            waiter.start()
            until(lambda: site.sql(WAITS))
            yield
            forgotten.close()
    finally:
        waiter.join(60)
        site.sql("DROP TABLE accounts")


def flood(site: Site, run: Run) -> None:
    site.sql(LIVE)
    site.sql(DUE, "acme", 300)
    site.sql(DUE, "small", 20)


def limit(site: Site, run: Run) -> None:
    site.sql(LIVE)
    site.sql(DUE, None, 4)
    site.sql("INSERT INTO conduit_type_limits VALUES ('charge', NULL, NULL, 1, 3600, 'command')")


def fill_the_disk(site: Site, run: Run) -> None:
    site.sql("ALTER TABLE jobs ALTER payload SET STORAGE EXTERNAL")  # compressing takes longest
    site.sql(HISTORY)
    site.sql("ALTER TABLE jobs ALTER payload SET STORAGE EXTENDED")


INCIDENTS = (
    Incident("a paused queue", pause, "is paused, and jobs of charge have been due"),
    Incident("a type without a worker", lack_a_type, "handles the type refund"),
    Incident("a poisoned payload", poison, '"amount": "12,50"'),
    Incident(
        "an unreadable lane after a deploy",
        strand,
        "No worker could read its payload",
        "conduit-jobs preflight PACKAGE",
        ("example_jobs", "--services", "echo", "--yes"),
    ),
    Incident(
        "a schedule that has stopped",
        stop_a_schedule,
        "no worker or scheduler runs it",
        "conduit-jobs worker PACKAGE",
        over="SELECT count(*) > 0 FROM jobs WHERE status = 'completed'",
    ),
    Incident(
        "a slow service",
        slow_down,
        '"calls": ["Bank.charge"]',
        "conduit-jobs worker PACKAGE --queue mail --concurrency N",
    ),
    Incident(
        "a lock held by a transaction",
        lock,
        "holds a lock: 1 session waits",
        r"SELECT pg_catalog.pg_terminate_backend\(\d+\);",
        (),
        "SELECT paid = 1 FROM accounts",
    ),
    Incident(
        "a key that floods",
        flood,
        "have the key acme",
        "conduit-jobs queues limit mail --per-key N",
        over=f"SELECT ({_ALL_ENDED}) AND key_concurrency = 99 FROM conduit_queues",
    ),
    Incident(
        "a rate limit set too low",
        limit,
        "their rate limit lets 1 start within",
        "conduit-jobs queues rate-limit charge --starts N --per 3600s",
    ),
    Incident(
        "disk nearly full by history",
        fill_the_disk,
        "nothing deletes them",
        "conduit-jobs jobs purge --older-than 7d --queue mail( --status [a-z]+)+",
        (),
        "SELECT count(*) = 0 FROM jobs",
    ),
)
