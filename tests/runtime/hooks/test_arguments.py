"""Errors of hooks name the argument, the hook, and what to do."""

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from conduit_runtime import AsyncHook, Hook, Job, NoTransaction, Queue, RecordError, batch
from conduit_runtime.postgres.connection_kinds import refusal
from example_app import insert_order, jobs_of
from example_jobs.order import Order, Release, after_create, after_update, release


def test_a_record_that_is_missing(psycopg_conn: psycopg.Connection[Any]) -> None:
    with pytest.raises(RecordError, match=r"`record` of after_create is None: pass the Order, .*"):
        after_create(psycopg_conn, None)
    with pytest.raises(RecordError, match="`record` of after_update is None"):
        after_update(psycopg_conn, None, insert_order(psycopg_conn))


def test_a_record_that_lacks_a_column(psycopg_conn: psycopg.Connection[Any]) -> None:
    message = r"`record` of after_create: Order .* its column \"id\": pass .*RETURNING \*"
    with pytest.raises(RecordError, match=message):
        after_create(psycopg_conn, {"number": "AB-1"})


def test_a_previous_record_that_lacks_a_column(psycopg_conn: psycopg.Connection[Any]) -> None:
    row = insert_order(psycopg_conn)
    message = r"`previous` of after_update: Order .* column \"id\".* before the event"
    with pytest.raises(RecordError, match=message):
        after_update(psycopg_conn, row, {"state": "open"})
    with pytest.raises(RecordError, match="`previous` of after_update is None: pass the Order"):
        after_update(psycopg_conn, row, None)


def test_a_record_given_as_its_previous_one(psycopg_conn: psycopg.Connection[Any]) -> None:
    row = insert_order(psycopg_conn) | {"state": "shipped"}
    with pytest.raises(RecordError, match="`previous` of after_update is `record` itself"):
        after_update(psycopg_conn, row, row)
    assert jobs_of(psycopg_conn) == []


def test_a_hook_that_is_called_by_hand_is_named_so(psycopg_conn: psycopg.Connection[Any]) -> None:
    with pytest.raises(RecordError, match="`record` of the hook is None"):
        Hook(psycopg_conn, Order, None)


def test_a_name_in_place_of_a_job_type(psycopg_conn: psycopg.Connection[Any]) -> None:
    hook = Hook(psycopg_conn, Order, insert_order(psycopg_conn))
    for wrong in ("order.ship", Job(type="order.ship")):
        with pytest.raises(TypeError, match=r"use a JobType .*, or enqueue_flow\(chain\(Job"):
            hook.enqueue(wrong, {})  # type: ignore[arg-type]
    assert hook.jobs == []


def test_a_connection_of_another_kind(psycopg_conn: psycopg.Connection[Any]) -> None:
    row = insert_order(psycopg_conn)
    with pytest.raises(TypeError, match="`conn` of after_create is None: pass a psycopg Connec"):
        after_create(None, row)  # type: ignore[arg-type]
    cursor = "`conn` of after_create is a psycopg.Cursor, not a psycopg Connection: .*`cursor.conn"
    with pytest.raises(TypeError, match=cursor):
        after_create(psycopg_conn.cursor(), row)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"`conn` of the hook is a types\.SimpleNamespace, not"):
        Hook(SimpleNamespace(info={}), Order, row)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"`conn` of the hook .*: .* `connection = \"sync\"`"):
        AsyncHook(psycopg_conn, Order, row)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"`conn` of batch is a types\.SimpleNamespace"):
        batch(SimpleNamespace())  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="`conn` of enqueue is a text: pass"):
        release.enqueue("postgresql://", Release("a", 1))  # type: ignore[call-overload]


def test_a_connection_given_to_a_queue(app_dsn: str) -> None:
    with Queue(app_dsn) as queue:
        with pytest.raises(TypeError, match=r"`conn` of the queue is a conduit_runtime\.Queue"):
            queue.enqueue(Job(type="never stored"), conn=queue)  # type: ignore[arg-type]
        assert queue.list(type="never stored") == []


def test_no_transaction_names_the_hook(app_dsn: str) -> None:
    with psycopg.connect(app_dsn, autocommit=True) as other:
        with pytest.raises(NoTransaction, match="`conn` of after_create is an autocommit"):
            after_create(other, {})
        with pytest.raises(NoTransaction, match="`conn` of batch is an autocommit"):
            batch(other)


def sqlalchemy_things() -> list[tuple[Callable[[], object], str]]:
    def engine() -> Any:
        import sqlalchemy

        return sqlalchemy.create_engine("postgresql+psycopg://")

    def session() -> Any:
        from sqlalchemy.orm import Session

        return Session(engine())

    def async_engine() -> Any:
        from sqlalchemy.ext.asyncio import create_async_engine

        return create_async_engine("postgresql+psycopg://")

    def async_session() -> Any:
        from sqlalchemy.ext.asyncio import AsyncSession

        return AsyncSession(async_engine())

    def sqlmodel_session() -> Any:
        import sqlmodel

        return sqlmodel.Session(engine())

    def maker() -> Any:
        from sqlalchemy.orm import sessionmaker

        return sessionmaker(engine())

    def django() -> Any:
        from django.db import connection

        return connection

    return [
        (session, "pass `conduit_runtime.adapters.sqlalchemy_connection(session)`"),
        (sqlmodel_session, "pass `conduit_runtime.adapters.sqlalchemy_connection(session)`"),
        (maker, "call it for a Session; pass"),
        (engine, "open a Session on it; pass `conduit_runtime.adapters.sqlalchemy_connection("),
        (
            async_session,
            "pass `await conduit_runtime.adapters.sqlalchemy_async_connection(session)",
        ),
        (async_engine, "open an AsyncSession on it; pass `await"),
        (django, "pass `conduit_runtime.adapters.django_connection(connection)`"),
    ]


@pytest.mark.parametrize(("make", "advice"), sqlalchemy_things())
def test_the_adapter_is_named(make: Callable[[], object], advice: str) -> None:
    error = refusal(make(), "`conn` of after_create", "a psycopg Connection")
    assert re.search(re.escape(advice), str(error)), error


def test_another_driver_is_named() -> None:
    extensions = pytest.importorskip("psycopg2.extensions")
    given = extensions.connection.__new__(extensions.connection)
    error = refusal(given, "`conn` of after_create", "a psycopg Connection")
    assert "is a psycopg2.connection, not a psycopg Connection: open the connection" in str(error)
