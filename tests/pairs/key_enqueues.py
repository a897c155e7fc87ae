"""The jobs of a case of keys, and the ways to enqueue them."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import asyncpg
from conduit_runtime import AsyncQueue, Job
from hook_drivers import asyncpg_arguments
from key_axes import KeyCase
from keyed_handlers import LATER
from pair_place import Place
from psycopg.types.json import Jsonb

KEYS = ("a", "b", '["c",1]', '["c",2]')
COUNT = 6
"""The jobs of each key."""
Given = Sequence[tuple[dict[str, Any], dict[str, Any]]]
"""The payload and the options of each job."""


def jobs_of(case: KeyCase) -> Given:
    """The jobs of all keys, by turns."""
    return [*_jobs_of(case)]


def _jobs_of(case: KeyCase) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for n in range(COUNT):
        for key in KEYS:
            options: dict[str, Any] = {"key": key}
            if case.held == "weight":
                options["weight"] = (1, 2, 3)[n % 3]
            elif case.does == "uses":
                options["weight"] = 2
            if case.extra == "expiring" and n % 2:
                options["expires"] = 0.001
            if case.extra == "replacing" and n % 2:
                options |= {"unique": key, "replace": True}
            if case.meanwhile == "run now":
                options["delay"] = LATER.total_seconds()
            if case.does == "fails" and n == 1:
                options["max_attempts"] = 1
            yield {"n": n, "does": case.does}, options


def _made(given: Given) -> list[Job]:
    times = ("expires", "delay")
    return [
        Job(
            type="keyed",
            payload=payload,
            **{k: timedelta(seconds=v) if k in times else v for k, v in options.items()},
        )
        for payload, options in given
    ]


def _by_queue(place: Place, given: Given) -> None:
    with place.queue() as queue:
        for job in _made(given):
            queue.enqueue(job)


def _by_asyncpg(place: Place, given: Given) -> None:
    async def enqueue() -> None:
        arguments = asyncpg_arguments(place.dsn)
        connection = await asyncpg.connect(**arguments, statement_cache_size=0)
        async with AsyncQueue(place.dsn, place.schema) as queue, connection.transaction():
            await queue.enqueue_many(_made(given), conn=connection)
        await connection.close()

    asyncio.run(enqueue())


def _by_insert(place: Place, given: Given) -> None:
    with place.connect() as connection:
        for payload, options in given:
            connection.execute(
                "INSERT INTO jobs (type, payload, key, weight, expires, max_attempts, run_at)"
                " VALUES ('keyed', %s, %s, %s, %s, %s, now() + make_interval(secs => %s))",
                [
                    *(Jsonb(payload), options["key"], options.get("weight")),
                    *(options.get("expires"), options.get("max_attempts", 3)),
                    options.get("delay", 0),
                ],
            )


def _by_parent(place: Place, given: Given) -> None:
    _enqueue_parent(place, {"jobs": given, "in_flow": False})


def _in_flow(place: Place, given: Given) -> None:
    _enqueue_parent(place, {"jobs": given, "in_flow": True})


def _enqueue_parent(place: Place, payload: dict[str, Any]) -> None:
    with place.queue() as queue:
        queue.enqueue(Job(type="parent", payload=payload))


ENQUEUES: Mapping[str, Callable[[Place, Given], None]] = {
    "queue": _by_queue,
    "asyncpg": _by_asyncpg,
    "insert": _by_insert,
    "children": _by_parent,
    "flow": _in_flow,
}
