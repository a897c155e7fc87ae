"""Connection strings: that of an application's pool, and messages without their passwords."""

import inspect
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from ..model.errors import QueueError

_URL = re.compile(r"^\s*\w+(?:\+\w+)?://(?P<user>[^:@/?#]*):(?P<password>.*)@", re.DOTALL)
# Up to the next key: what is not quoted as it should be belongs to it as well.
_PAIR = re.compile(r"(?:ssl)?password\s*=\s*(.*?)(?=\s+\w+\s*=|$)", re.DOTALL)
_QUERY = re.compile(r"[?&](?:ssl)?password=([^&]*)")
_PARTS = re.compile(r"[@:/?#\s'\"\\]+")


def without_password(message: str, dsn: str) -> str:
    """The message with `***` for the password of `dsn`, and for each part of it.

    A URL whose password is not percent-encoded is split at the wrong place, so that a message
    about the host or the port holds a part of the password.
    """
    texts = {text for password in _passwords(dsn) for text in _texts(password) if len(text) > 1}
    if not texts:
        return message
    longest_first = sorted(texts, key=lambda text: (-len(text), text))
    return re.sub("|".join(map(re.escape, longest_first)), "***", message)


def _passwords(dsn: str) -> Iterator[str]:
    if found := _URL.search(dsn):
        yield found["password"]
    for pattern in (_PAIR, _QUERY):
        yield from pattern.findall(dsn)


def _texts(password: str) -> Iterator[str]:
    for text in (password, unquote(password)):
        yield text
        yield from _PARTS.split(text)


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
