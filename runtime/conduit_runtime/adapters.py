"""The psycopg connection inside of what an ORM works with, for hooks and `conn=`.

Nothing is imported: each function knows where to look.
"""

from typing import Any, TypeVar

import psycopg

__all__ = ["django_connection", "sqlalchemy_async_connection", "sqlalchemy_connection"]

C = TypeVar("C", psycopg.Connection[Any], psycopg.AsyncConnection[Any])


def sqlalchemy_connection(session: Any) -> psycopg.Connection[Any]:
    """The connection of a SQLAlchemy Session, in its transaction; what was added is flushed first.

    After a hook that assigns, `session.refresh(instance)` shows what it wrote. Raises TypeError for
    an engine with another driver than psycopg (`postgresql+psycopg://`).
    """
    session.flush()
    return _checked(session.connection().connection.driver_connection, psycopg.Connection)


async def sqlalchemy_async_connection(session: Any) -> psycopg.AsyncConnection[Any]:
    """`sqlalchemy_connection` of an AsyncSession."""
    await session.flush()
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    return _checked(raw.driver_connection, psycopg.AsyncConnection)


def django_connection(connection: Any) -> psycopg.Connection[Any]:
    """The connection of `django.db.connection`, or of another of `django.db.connections`.

    To be used within `transaction.atomic()`: a hook refuses to run outside of a transaction.
    Raises TypeError for a backend with another driver than psycopg 3.
    """
    connection.ensure_connection()
    return _checked(connection.connection, psycopg.Connection)


def _checked(found: object, kind: type[C]) -> C:
    if not isinstance(found, kind):
        raise TypeError(
            f"the driver's connection is a {type(found).__module__}.{type(found).__qualname__}: "
            "hooks run on psycopg 3, in SQLAlchemy postgresql+psycopg://, in Django psycopg "
            "instead of psycopg2"
        )
    return found
