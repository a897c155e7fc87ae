"""The connection string of an application's pool."""

import inspect
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from ..model.errors import QueueError

_KEYWORDS = frozenset(option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults())


def pool_dsn(pool: ConnectionPool[Any] | AsyncConnectionPool[Any]) -> str:
    """Where the pool connects to: its `conninfo` with the connection parameters in its `kwargs`.

    Workers open connections of their own with it. Raises QueueError when a coroutine function of
    the pool's gives either.
    """
    conninfo, kwargs = _value(pool.conninfo), _value(pool.kwargs)
    return make_conninfo(conninfo, **{k: v for k, v in (kwargs or {}).items() if k in _KEYWORDS})


def _value(given: Any) -> Any:
    if inspect.iscoroutinefunction(given):
        raise QueueError(
            "the pool gets its connection string from a coroutine function: give the queue a "
            "connection string instead"
        )
    return given() if callable(given) else given
