"""The error for an object that is no connection of the driver; it says what to do instead."""

_SESSION = "pass `conduit_runtime.adapters.sqlalchemy_connection({})`"
_ASYNC_SESSION = "pass `await conduit_runtime.adapters.sqlalchemy_async_connection({})`"
_DJANGO = "pass `conduit_runtime.adapters.django_connection(connection)`"
_CURSOR = "pass the connection of the cursor: `cursor.connection`"
_PSYCOPG2 = "open the connection with psycopg 3 (the package psycopg), not psycopg2"
_QUEUE = "pass the connection that your transaction is on, not the queue"
_SYNC = (
    'this is synchronous code; `connection = "async"` in conduit.toml makes asynchronous hooks, '
    "and an AsyncQueue takes it"
)
_ASYNC = (
    'this is asynchronous code; `connection = "sync"` in conduit.toml makes synchronous hooks, '
    "and a Queue takes it"
)

# By the module that defines a class, or one of its bases.
_ADVICE = {
    "sqlalchemy.orm.session.Session": _SESSION.format("session"),
    "sqlalchemy.orm.scoping.scoped_session": _SESSION.format("session"),
    "sqlalchemy.orm.session.sessionmaker": f"call it for a Session; {_SESSION.format('session')}",
    "sqlalchemy.engine.base.Connection": _SESSION.format("connection"),
    "sqlalchemy.engine.base.Engine": f"open a Session on it; {_SESSION.format('session')}",
    "sqlalchemy.ext.asyncio.session.AsyncSession": _ASYNC_SESSION.format("session"),
    "sqlalchemy.ext.asyncio.session.async_sessionmaker": (
        f"call it for an AsyncSession; {_ASYNC_SESSION.format('session')}"
    ),
    "sqlalchemy.ext.asyncio.scoping.async_scoped_session": _ASYNC_SESSION.format("session"),
    "sqlalchemy.ext.asyncio.engine.AsyncConnection": _ASYNC_SESSION.format("connection"),
    "sqlalchemy.ext.asyncio.engine.AsyncEngine": (
        f"open an AsyncSession on it; {_ASYNC_SESSION.format('session')}"
    ),
    "django.db.backends.base.base.BaseDatabaseWrapper": _DJANGO,
    "django.utils.connection.ConnectionProxy": _DJANGO,
    "psycopg.Cursor": _CURSOR,
    "psycopg.AsyncCursor": _CURSOR,
    "psycopg.Connection": _ASYNC,
    "psycopg.AsyncConnection": _SYNC,
    "psycopg_pool.pool.ConnectionPool": "pass the `conn` of `with pool.connection() as conn:`",
    "psycopg_pool.pool_async.AsyncConnectionPool": (
        "pass the `conn` of `async with pool.connection() as conn:`"
    ),
    "psycopg2.extensions.connection": _PSYCOPG2,
    "psycopg2.extensions.cursor": _PSYCOPG2,
    "asyncpg.connection.Connection": _SYNC,
    "asyncpg.pool.PoolConnectionProxy": _SYNC,
    "asyncpg.pool.Pool": "pass the `conn` of `async with pool.acquire() as conn:`",
    "conduit_runtime.client.queue.Queue": _QUEUE,
    "conduit_runtime.client.async_queue.AsyncQueue": _QUEUE,
}


def refusal(given: object, argument: str, wanted: str) -> TypeError:
    """The error for an argument that is not the `wanted` kind of connection."""
    if given is None:
        return TypeError(f"{argument} is None: pass {wanted}, in the transaction of your row")
    if isinstance(given, str):
        return TypeError(f"{argument} is a text: pass {wanted}, not what opens one")
    kind = type(given)
    name = ".".join(filter("builtins".__ne__, (kind.__module__.partition(".")[0], kind.__name__)))
    names = [f"{each.__module__}.{each.__qualname__}" for each in kind.__mro__]
    advice = next(
        (_ADVICE[each] for each in names if each in _ADVICE),
        f"pass {wanted}; conduit_runtime.adapters finds that of a SQLAlchemy session or of Django",
    )
    article = "an" if name[0] in "aeio" else "a"
    return TypeError(f"{argument} is {article} {name}, not {wanted}: {advice}")
