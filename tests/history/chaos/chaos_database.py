"""The database of a chaos run, and the states of its jobs."""

from datetime import timedelta
from typing import NamedTuple
from uuid import uuid4

import psycopg
from checker import ENDED, TICK
from conduit_runtime import CronScheduler, Queue, Schedule, migrate
from controller import LIMIT, LIMITED, PERIOD, RATED, STARTS
from history_tables import SCHEMA
from keyed_jobs import KEYED
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier
from random_jobs import QUEUES
from worker_processes import create_role

SETTINGS = {
    "fsync": "off",  # the machine stays up, and what was written outlives Postgres
    "track_commit_timestamp": "on",
}
SCHEDULES = [
    Schedule.every(
        seconds=int(TICK.total_seconds()),
        name=missed,
        queue=QUEUES[0],
        type="history.tick",
        payload={"missed": missed},
        max_attempts=50,
        missed=missed,
    )
    for missed in ("skip", "once", "all")
]
"""Every worker carries the scheduler, so the workers race for each tick."""


def create_database(server_dsn: str) -> str:
    """Create a database that records its history, with schedules, a limit and a rate: its DSN."""
    name = f"history_{uuid4().hex}"
    with psycopg.connect(server_dsn, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    dsn = make_conninfo(server_dsn, dbname=name)
    migrate(dsn)
    with psycopg.connect(dsn) as connection:
        connection.execute(SCHEMA)
    for role in ("producer", "operator"):
        create_role(dsn, role)
    with Queue(dsn) as queue:
        for schedule in SCHEDULES:
            CronScheduler(queue).add(schedule)
        queue.limit(LIMITED, LIMIT)
        queue.share(KEYED)
        queue.rate_limit(RATED, STARTS, per=timedelta(seconds=PERIOD))
    return dsn


def end_schedules(dsn: str) -> None:
    """Disable all schedules."""
    with Queue(dsn) as queue:
        for schedule in SCHEDULES:
            CronScheduler(queue).disable(schedule.name)


class State(NamedTuple):
    """How many jobs have ended, and how many jobs and dependencies are left."""

    ended: int
    unended: int


def state_of(dsn: str) -> State:
    """The present state of the database."""
    with psycopg.connect(dsn) as connection:
        [row] = connection.execute(
            "SELECT count(*) FILTER (WHERE status = ANY (%s)), count(*) FILTER (WHERE status <> ALL"
            " (%s)) + (SELECT count(*) FROM conduit_blocked_jobs WHERE error IS NULL)"
            " + (SELECT count(*) FROM conduit_dependencies) FROM jobs",
            (list(ENDED), list(ENDED)),
        )
    return State(*row)


def unended(dsn: str, most: int = 5) -> str:
    """The oldest jobs and blocked jobs that have not ended, and the dependencies that are left."""
    with psycopg.connect(dsn) as connection:
        jobs = connection.execute(
            "SELECT to_jsonb(jobs) - '{payload,result}'::text[] FROM jobs"
            " WHERE status <> ALL (%s) ORDER BY id LIMIT %s",
            (list(ENDED), most),
        ).fetchall()
        blocked = connection.execute(
            "SELECT to_jsonb(conduit_blocked_jobs) - 'payload' FROM conduit_blocked_jobs"
            " WHERE error IS NULL ORDER BY id LIMIT %s",
            (most,),
        ).fetchall()
        dependencies = connection.execute(
            "SELECT to_jsonb(conduit_dependencies) FROM conduit_dependencies LIMIT %s", (most,)
        ).fetchall()
    return f"jobs {jobs}, blocked {blocked}, dependencies {dependencies}"


def registered(dsn: str) -> list[int]:
    """The process ids of the registered workers, in order."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT pid FROM conduit_workers ORDER BY pid").fetchall()
    return [pid for (pid,) in rows]
