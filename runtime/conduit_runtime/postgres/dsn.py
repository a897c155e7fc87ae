"""Connection strings: that of an application's pool, and messages without passwords."""

import inspect
import re
from typing import Any
from urllib.parse import quote, unquote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from ..model.errors import QueueError

_FORMS = (
    re.compile(r"^\s*\w+(?:\+\w+)?://[^:@/?#]*:(.*)@", re.DOTALL),  # of a URL
    # Of a pair, up to the next key: a value without its quotes may contain spaces.
    re.compile(r"(?:ssl)?password\s*=\s*(.*?)(?=\s+\w+\s*=|$)", re.DOTALL),
    re.compile(r"[?&](?:ssl)?password=([^&]*)"),  # of a query
)
_PARTS = re.compile(r"[@:/?#\s'\"\\]+")


def without_password(message: str, dsn: str) -> str:
    """The message with `***` for the password of `dsn`, and for each part of the password.

    If a password in a URL is not percent-encoded, the URL is split at the wrong place. A message
    about the host or the port then holds a part of the password.
    """
    passwords = [found for form in _FORMS for found in form.findall(dsn)]
    texts = [text for password in passwords for text in (password, unquote(password))]
    parts = {part for text in texts for part in (text, *_PARTS.split(text)) if len(part) > 1}
    if not parts:
        return message
    longest_first = sorted(parts, key=lambda part: (-len(part), part))
    return re.sub("|".join(map(re.escape, longest_first)), "***", message)


_KEYWORDS = frozenset(option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults())


def pool_dsn(pool: ConnectionPool[Any] | AsyncConnectionPool[Any]) -> str:
    """The connection string of a pool: its `conninfo`, with the parameters in its `kwargs`.

    Workers open connections of their own with it. Raises QueueError if the pool has a coroutine
    function for either.
    """
    conninfo, kwargs = _value(pool.conninfo), _value(pool.kwargs)
    return make_conninfo(conninfo, **{k: v for k, v in (kwargs or {}).items() if k in _KEYWORDS})


def url_of(dsn: str) -> str:
    """A connection string as a URL, which SQLAlchemy and asyncpg take as well."""
    given = {key: str(value) for key, value in conninfo_to_dict(dsn).items() if value is not None}
    user, password = (quote(given.pop(key, ""), safe="") for key in ("user", "password"))
    database = quote(given.pop("dbname", ""), safe="")
    login = f"{user}:{password}@" if password else f"{user}@" if user else ""
    place = ""
    if not re.search("[/,@]", given.get("host", "/")):
        host, port = given.pop("host"), given.pop("port", "")
        place = f"[{host}]" if ":" in host else quote(host)
        place += f":{port}" if port else ""
    query = f"?{urlencode(given, quote_via=quote)}" if given else ""
    return f"postgresql://{login}{place}/{database}{query}"


def _value(given: Any) -> Any:
    if inspect.iscoroutinefunction(given):
        raise QueueError(
            "the pool gets its connection string from a coroutine function: give the queue a "
            "connection string instead"
        )
    return given() if callable(given) else given
