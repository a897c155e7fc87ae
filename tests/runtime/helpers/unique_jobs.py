"""Unique jobs, their stored keys, and races for them."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from conduit_runtime import Job


def unique(key: object = 1, **options: Any) -> Job:
    """Return a job of the type t with this key."""
    return Job(type="t", unique=key, **options)


def keys(dsn: str) -> int:
    """Return how many keys are stored."""
    with psycopg.connect(dsn) as conn:
        [(count,)] = conn.execute("SELECT count(*) FROM conduit_unique_keys").fetchall()
    return int(count)


def race(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Call `work` with 0, 1, … in `count` threads at the same time; return the results."""
    gate = threading.Barrier(count)

    def one(number: int) -> Any:
        gate.wait(300)
        return work(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))
