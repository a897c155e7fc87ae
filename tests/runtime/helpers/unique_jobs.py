"""Unique jobs, their stored keys, and races for them."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from conduit_runtime import Job


def unique(key: object = 1, **options: Any) -> Job:
    """A job of the type t with this key."""
    return Job(type="t", unique=key, **options)


def keys(dsn: str) -> int:
    """How many keys are stored."""
    with psycopg.connect(dsn) as conn:
        [(count,)] = conn.execute("SELECT count(*) FROM conduit_unique_keys").fetchall()
    return int(count)


def race(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Do the same at once in many threads."""
    gate = threading.Barrier(count)

    def one(number: int) -> Any:
        gate.wait(300)
        return work(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))
