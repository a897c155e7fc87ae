"""The ways to enqueue the job of a case; each returns the job's id."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import psycopg
from conduit_runtime import AsyncQueue, CronScheduler, Job, Schedule, chain
from hook_drivers import asyncpg_arguments
from pair_axes import UNTYPED, Case
from pair_handlers import BATCH, COROUTINE, ISOLATED, TIMEOUT, WEIGHT
from pair_place import Place
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

EXACT = {"text": "Höhe \\ \" ' %s {} €\n", "large": 2**60 + 1, "tenth": 0.1, "deep": [[[{}]], None]}


class Wanted:
    """The job of a case: its type, its payload, and the fingerprint that it is stored with."""

    def __init__(self, case: Case, letters: Any, older: Any) -> None:
        self.case = case
        self.letters = letters
        typed = {
            "coroutine": (COROUTINE, "old"),
            "isolated coroutine": (ISOLATED, "old"),
            "batch": (BATCH, "old"),
            "generated": (letters.JOBS[0], older.JOBS[0].fingerprint),
        }
        if case.kind in UNTYPED:
            self.type = "pair_task.act" if case.kind == "Django task" else f"pairs.{case.kind}"
            self.fingerprint = ""
        else:
            made, old = typed[case.kind]
            self.type = made.name
            self.fingerprint = old if case.around == "older lock" else made.fingerprint
        self.timeout = TIMEOUT if case.what == "times out" else None
        self.expires = timedelta(microseconds=1) if case.what == "expires" else None
        self.seen: Any = {"what": case.what, "exact": EXACT}
        if case.around == "older lock" and case.kind != "generated":
            self.seen["exact"] = None
        self.payload: Any = self.seen
        if case.kind == "generated" and case.around != "older lock":
            self.payload = {**self.seen, "note": None}
        elif case.around == "older lock" and case.kind != "generated":
            self.payload = {"what": case.what}
        if case.what == "unreadable":
            self.payload = {"other": case.what}
        if case.kind == "Django task":
            self.payload = {"args": [case.what], "kwargs": {"exact": EXACT}}

    @property
    def seconds(self) -> float | None:
        """The seconds in which the job has to start."""
        return None if self.expires is None else self.expires.total_seconds()

    def job(self, **options: Any) -> Job:
        """The job, not stored yet."""
        job = Job(type=self.type, payload=self.payload, timeout=self.timeout, **options)
        job.fingerprint = self.fingerprint
        job.expires = self.expires
        return job


def _by_hook(place: Place, wanted: Wanted) -> UUID:
    with place.connect() as connection:
        cursor = psycopg.Cursor(connection, row_factory=dict_row)
        cursor.execute(
            "INSERT INTO letters (what, exact) VALUES (%s, %s) RETURNING *",
            [wanted.case.what, Jsonb(EXACT)],
        )
        wanted.letters.letter.after_create(connection, cursor.fetchone())
        connection.execute(
            "UPDATE jobs SET timeout = %s, expires = %s WHERE type = %s",
            [wanted.timeout, wanted.seconds, wanted.type],
        )
        return _stored(connection, wanted)


def _stored(connection: psycopg.Connection[Any], wanted: Wanted) -> UUID:
    [(id_,)] = connection.execute("SELECT id FROM jobs WHERE type = %s", [wanted.type]).fetchall()
    return UUID(str(id_))


def _by_queue(place: Place, wanted: Wanted) -> UUID:
    with place.queue() as queue:
        return queue.enqueue(wanted.job()).id


def _by_connection(place: Place, wanted: Wanted) -> UUID:
    with place.queue() as queue, psycopg.connect(place.dsn) as connection:
        return queue.enqueue(wanted.job(), conn=connection).id


def _by_asyncpg(place: Place, wanted: Wanted) -> UUID:
    async def enqueue() -> UUID:
        arguments = asyncpg_arguments(place.dsn)
        connection = await asyncpg.connect(**arguments, statement_cache_size=0)
        async with AsyncQueue(place.dsn, place.schema) as queue, connection.transaction():
            id_ = (await queue.enqueue(wanted.job(), conn=connection)).id
        await connection.close()
        return id_

    return asyncio.run(enqueue())


def _by_insert(place: Place, wanted: Wanted) -> UUID:
    with place.connect() as connection:
        connection.execute(
            "INSERT INTO jobs (type, payload, fingerprint, timeout, expires)"
            " VALUES (%s, %s, %s, %s, %s)",
            [
                *(wanted.type, Jsonb(wanted.payload), wanted.fingerprint),
                *(wanted.timeout, wanted.seconds),
            ],
        )
        return _stored(connection, wanted)


def _by_flow(place: Place, wanted: Wanted) -> UUID:
    job = wanted.job()
    with place.queue() as queue:
        queue.enqueue_flow(chain(Job(type="pairs.neighbour"), job, Job(type="pairs.neighbour")))
    return job.id


def _as_unique(place: Place, wanted: Wanted) -> UUID:
    with place.queue() as queue:
        first, second = (queue.enqueue(wanted.job(unique="one")) for _ in range(2))
    assert second.id == first.id
    return first.id


def _replacing(place: Place, wanted: Wanted) -> UUID:
    earlier, job = (wanted.job(unique="one", replace=True) for _ in range(2))
    earlier.payload = {"what": "nothing"}
    with place.queue() as queue:
        first, second = (queue.enqueue(each) for each in (earlier, job))
    assert second.id == first.id
    return first.id


def _second_of_a_key(place: Place, wanted: Wanted) -> UUID:
    job = wanted.job(key="one", weight=WEIGHT)
    with place.queue() as queue:
        queue.limit(job.queue, 1, per_key=True)
        queue.rate_limit(job.type, WEIGHT, timedelta(milliseconds=200), per_key=True)
        queue.enqueue(Job(type="pairs.neighbour", key="one"))
        queue.enqueue(job)
    return job.id


def _in_turn(place: Place, wanted: Wanted) -> UUID:
    job = wanted.job(key=("one", 1))
    with place.queue() as queue:
        queue.share(job.queue)
        queue.enqueue_many([Job(type="pairs.neighbour", key=("other", n)) for n in range(9)])
        queue.enqueue(job)
    return job.id


def _by_schedule(place: Place, wanted: Wanted) -> UUID:
    schedule = Schedule.every(
        hours=1, type=wanted.type, payload=wanted.payload, timeout=wanted.timeout, name="hourly"
    )
    with place.queue() as queue, place.connect() as connection:
        CronScheduler(queue).add(schedule)
        connection.execute("UPDATE conduit_schedules SET next_run_at = now()")
    return UUID(int=0)


ENQUEUES: Mapping[str, Callable[[Place, Wanted], UUID]] = {
    "hook": _by_hook,
    "queue": _by_queue,
    "conn": _by_connection,
    "asyncpg": _by_asyncpg,
    "insert": _by_insert,
    "flow": _by_flow,
    "unique": _as_unique,
    "replacing": _replacing,
    "second of a key": _second_of_a_key,
    "in turn": _in_turn,
    "schedule": _by_schedule,
}
