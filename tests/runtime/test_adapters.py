"""Hooks within the transactions of ORMs."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import psycopg
import pytest
from conduit_runtime import AsyncHook, AsyncQueue, Job, Queue
from conduit_runtime.adapters import (
    django_connection,
    sqlalchemy_async_connection,
    sqlalchemy_connection,
)
from conduit_runtime.postgres.transaction import NoTransaction
from example_app import SCHEMA
from example_jobs.order import Order, Release, after_create, release
from hook_drivers import asyncpg_arguments
from psycopg.conninfo import conninfo_to_dict


@pytest.fixture
def queue(dsn: str) -> Iterator[Queue]:
    with psycopg.connect(dsn) as connection:
        connection.execute(SCHEMA)
    with Queue(dsn) as queue:
        yield queue


class TestSQLAlchemy:
    @pytest.fixture
    def engine(self, dsn: str) -> Iterator[Any]:
        sqlalchemy = pytest.importorskip("sqlalchemy")
        engine = sqlalchemy.create_engine("postgresql+psycopg://", connect_args=of(dsn))
        yield engine
        engine.dispose()

    def test_a_row_and_its_jobs_commit_together(self, queue: Queue, engine: Any) -> None:
        orm = pytest.importorskip("sqlalchemy.orm")
        automap = pytest.importorskip("sqlalchemy.ext.automap")
        base = automap.automap_base()
        base.prepare(autoload_with=engine)
        user_class, order_class = base.classes.users, base.classes.orders
        for commits in (False, True):
            with orm.Session(engine) as session:
                user = user_class(name="Zoë", email="z@e.de")
                session.add(user)
                session.flush()
                order = order_class(number="AB-1", customer_id=user.id)
                session.add(order)
                conn = sqlalchemy_connection(session)
                session.refresh(order)  # loads the columns that the database has set
                after_create(conn, order)
                assert queue.stats().total == 0
                if commits:
                    session.commit()
            assert queue.stats().pending == int(commits)

    def test_a_connection_without_a_session(self, queue: Queue, engine: Any) -> None:
        with engine.connect() as connection:
            queue.enqueue(Job(type="t"), conn=sqlalchemy_connection(connection))
            assert queue.stats().total == 0
            connection.commit()
        assert queue.stats().total == 1

    @pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
    def test_of_an_asynchronous_session(self, queue: Queue, dsn: str, driver: str) -> None:
        assert asyncio.run(self.enqueue(dsn, driver)) == {job.id for job in queue.list()}

    async def enqueue(self, dsn: str, driver: str) -> set[UUID]:
        aio = pytest.importorskip("sqlalchemy.ext.asyncio")
        arguments = of(dsn) if driver == "psycopg" else asyncpg_arguments(dsn)
        engine = aio.create_async_engine(f"postgresql+{driver}://", connect_args=arguments)
        async with aio.AsyncSession(engine) as session, AsyncQueue(dsn) as queue:
            conn = await sqlalchemy_async_connection(session)  # before the session sends anything
            jobs = [await queue.enqueue(Job(type="t"), conn=conn)]
            assert (await queue.stats()).total == 0
            await session.rollback()
            assert (await queue.stats()).total == 0
            conn = await sqlalchemy_async_connection(session)
            jobs = [await queue.enqueue(Job(type="t"), conn=conn)]
            await session.commit()
        async with engine.begin() as connection:
            conn = await sqlalchemy_async_connection(connection)
            jobs.append(await release.enqueue(conn, Release("x", 1)))
        await engine.dispose()
        return {job.id for job in jobs}

    def test_autocommit_is_outside_of_a_transaction(self, dsn: str) -> None:
        async def hook() -> None:
            aio = pytest.importorskip("sqlalchemy.ext.asyncio")
            engine = aio.create_async_engine(
                "postgresql+asyncpg://",
                connect_args=asyncpg_arguments(dsn),
                isolation_level="AUTOCOMMIT",
            )
            async with aio.AsyncSession(engine) as session:
                conn = await sqlalchemy_async_connection(session)
                with pytest.raises(NoTransaction):
                    AsyncHook(conn, Order, {})
            await engine.dispose()

        asyncio.run(hook())


class TestDjango:
    # Only the connections of Django are set up.
    pytestmark = pytest.mark.filterwarnings("ignore:Accessing the database")

    @pytest.fixture
    def connection(self, dsn: str) -> Iterator[Any]:
        pytest.importorskip("django")
        from django.conf import settings
        from django.db.utils import ConnectionHandler
        from django.utils.functional import empty

        settings.configure()
        given = {str(key): str(value) for key, value in of(dsn).items()}
        names = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password"}
        database = {"ENGINE": "django.db.backends.postgresql", "NAME": given["dbname"]}
        database |= {name: given.get(key, "") for name, key in names.items()}
        connection = ConnectionHandler({"default": database})["default"]
        yield connection
        connection.close()
        # A worker treats a process that uses Django differently.
        settings._wrapped = empty

    def test_a_row_and_its_jobs_commit_together(self, queue: Queue, connection: Any) -> None:
        from django.db.transaction import Atomic

        def create() -> None:
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO users (name, email) VALUES ('Zoë', 'z@e.de') RETURNING id"
                )
                [(customer,)] = cursor.fetchall()
                cursor.execute(
                    "INSERT INTO orders (number, customer_id) VALUES ('AB-1', %s) RETURNING *",
                    [customer],
                )
                names = [column[0] for column in cursor.description]
                [row] = cursor.fetchall()
            after_create(django_connection(connection), dict(zip(names, row, strict=True)))
            assert queue.stats().total == 0

        # Atomic must find this connection, which django.db.connections does not know.
        import django.db.transaction as transactions

        before, transactions.get_connection = transactions.get_connection, lambda using: connection
        try:
            with suppress(ZeroDivisionError), Atomic(None, True, False):
                create()
                raise ZeroDivisionError
            assert queue.stats().total == 0
            with Atomic(None, True, False):
                create()
        finally:
            transactions.get_connection = before
        assert queue.stats().pending == 1

    def test_outside_of_a_transaction_a_hook_refuses(self, queue: Queue, connection: Any) -> None:
        with pytest.raises(NoTransaction, match="autocommit"):
            after_create(django_connection(connection), {})


@pytest.mark.parametrize("found", [None, sqlite3.connect(":memory:")])
def test_another_driver_is_refused_by_name(found: object) -> None:
    connection = SimpleNamespace(connection=found, ensure_connection=lambda: None)
    with pytest.raises(TypeError, match=f"{type(found).__name__}: hooks run on psycopg 3"):
        django_connection(connection)


def of(dsn: str) -> dict[str, Any]:
    return conninfo_to_dict(dsn)
