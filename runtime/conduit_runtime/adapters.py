"""Get the driver's connection out of an ORM's session, for hooks and `conn=`.

These functions import nothing; each looks at the attributes of what it is given.
"""

from typing import Any

import psycopg

from .postgres.other_drivers import AsyncpgLike, asyncpg_connection

__all__ = ["django_connection", "sqlalchemy_async_connection", "sqlalchemy_connection"]


def sqlalchemy_connection(session: Any) -> psycopg.Connection[Any]:
    """Return the connection of a SQLAlchemy Session, in its transaction; flushes the Session first.

    It takes a SQLAlchemy Connection as well. After a hook that assigns, `session.refresh(instance)`
    loads what the hook wrote. Raises TypeError for an engine with another driver than psycopg
    (`postgresql+psycopg://`).
    """
    if hasattr(session, "flush"):
        session.flush()
        session = session.connection()
    elif not session.in_transaction():
        session.begin()  # without it, SQLAlchemy has nothing to commit
    return _checked(session.connection.driver_connection)


async def sqlalchemy_async_connection(
    session: Any,
) -> psycopg.AsyncConnection[Any] | AsyncpgLike:
    """`sqlalchemy_connection` for an AsyncSession or an AsyncConnection.

    For an engine with asyncpg (`postgresql+asyncpg://`), it returns the asyncpg connection.
    """
    if hasattr(session, "flush"):
        await session.flush()
        session = await session.connection()
    elif not session.in_transaction():
        await session.begin()
    raw = await session.get_raw_connection()
    found = raw.driver_connection
    if isinstance(found, psycopg.AsyncConnection):
        return found
    if (connection := asyncpg_connection(found)) is None:
        raise _refusal(found, "psycopg 3 or asyncpg: use postgresql+psycopg:// or +asyncpg://")
    if not connection.is_in_transaction:
        # SQLAlchemy sends BEGIN with its first statement; until then, ours would run outside of it.
        await session.exec_driver_sql("SELECT 1")
    like: AsyncpgLike = found
    return like


def django_connection(connection: Any) -> psycopg.Connection[Any]:
    """Return the connection of `django.db.connection`, or of another of `django.db.connections`.

    Call it within `transaction.atomic()`: a hook refuses to run outside of a transaction. Raises
    TypeError for a backend with another driver than psycopg 3.
    """
    connection.ensure_connection()
    return _checked(connection.connection)


def _checked(found: object) -> psycopg.Connection[Any]:
    if not isinstance(found, psycopg.Connection):
        wanted = "psycopg 3: in SQLAlchemy postgresql+psycopg://, in Django psycopg, not psycopg2"
        raise _refusal(found, wanted)
    return found


def _refusal(found: object, wanted: str) -> TypeError:
    kind = type(found)
    return TypeError(
        f"the driver's connection is a {kind.__module__}.{kind.__qualname__}: hooks run on {wanted}"
    )
