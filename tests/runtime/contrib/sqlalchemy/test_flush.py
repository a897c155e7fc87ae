"""Hooks within a flush: transactions, errors, order and cost."""

import asyncio
from types import ModuleType, SimpleNamespace
from typing import Any

import conduit_runtime.contrib.sqlalchemy.registration as registrations
import example_jobs.order
import note_hooks
import psycopg
import pytest
import sqlalchemy
from conduit_runtime.contrib.sqlalchemy import register
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements.idle_lock import acquire
from example_app import jobs_of, note_events
from hook_drivers import asyncpg_arguments
from orm_classes import Note, Order, User
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import create_engine, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

Conn = psycopg.Connection[Any]


def test_rollbacks_take_jobs_along(session: Session, noted: Conn) -> None:
    session.add(Note(id=1, sender="kept"))
    with session.begin_nested() as savepoint:
        session.add(Note(id=2, sender="lost"))
        session.flush()
        savepoint.rollback()
    session.commit()
    session.add(Note(id=3, sender="lost"))
    session.flush()
    session.rollback()
    assert [now[0] for _, _, now in note_events(noted)] == ["kept"]


def test_a_hook_that_raises_undoes_the_flush(session: Session, noted: Conn) -> None:
    session.add(Note(id=1, sender="bad"))
    with pytest.raises(ZeroDivisionError):
        session.flush()
    session.rollback()
    session.add(Note(id=2, sender="good"))
    session.commit()
    assert [now[0] for _, _, now in note_events(noted)] == ["good"]


def test_one_of_several_hooks_that_raises(session: Session, noted: Conn) -> None:
    session.add_all(
        [Note(id=1, sender="good"), Note(id=2, sender="bad"), Note(id=3, sender="good")]
    )
    with pytest.raises(ZeroDivisionError):
        session.commit()
    session.rollback()
    session.add(Note(id=2, sender="good"))
    session.commit()
    assert [now[0] for _, _, now in note_events(noted)] == ["good"]


def test_a_flush_of_many(session: Session, noted: Conn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conduit_runtime.contrib.sqlalchemy.rows.PART", 7)
    session.add_all(notes := [Note(id=number, sender="tagged") for number in range(30)])
    session.commit()
    for note in notes:
        note.sender = "me"
    session.commit()
    found = note_events(noted)
    assert [event for event, *_ in found] == ["create"] * 30 + ["update"] * 30
    assert all(note.tags == ["by 30"] for note in notes)


def test_a_session_that_joins_a_transaction(noted: Conn, database: str) -> None:
    """Tests of applications do this to roll everything back."""
    engine = create_engine("postgresql+psycopg://", connect_args=conninfo_to_dict(database))
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            session.add(Note(id=1, sender="me"))
            session.commit()
            assert len(jobs_of(connection.connection.driver_connection)) == 1
        outer.rollback()
    engine.dispose()
    assert note_events(noted) == []


def test_a_query_flushes_before_it(session: Session, noted: Conn) -> None:
    session.add(Note(id=1, sender="tagged"))
    assert session.scalars(select(Note)).one().tags == ["by 1"]
    session.get_one(Note, 1).sender = "me"
    assert session.scalar(select(sqlalchemy.func.count()).select_from(Note)) == 1
    session.commit()
    assert [event for event, *_ in note_events(noted)] == ["create", "update"]


def test_bulk_statements_call_no_hooks(session: Session, noted: Conn) -> None:
    session.execute(insert(Note), [{"id": 1, "sender": "me", "anything": None}])
    session.execute(update(Note).values(sender="you"))
    session.commit()
    assert note_events(noted) == []


def test_rows_that_the_flush_itself_changes(session: Session, noted: Conn) -> None:
    """The flush sets the `customer_id` of a moved order, and deletes an orphan."""
    hooks = ModuleType("orders")
    called: list[tuple[str, Any]] = []
    record = example_jobs.order.Order

    def after_update(conn: Any, row: Any, previous: Any) -> record:  # type: ignore[valid-type]
        called.append(("update", previous["customer_id"] != row["customer_id"]))
        return example_jobs.order.after_update(conn, row, previous)

    def after_delete(conn: Any, row: Any) -> record:  # type: ignore[valid-type]
        called.append(("delete", row["number"]))
        return example_jobs.order.after_create(conn, row)

    hooks.after_update, hooks.after_delete = after_update, after_delete  # type: ignore[attr-defined]
    register(Order, hooks)
    one, two = (User(name=name, email="e") for name in ("one", "two"))
    session.add_all([one, two])
    one.orders.append(order := Order(number="AB-1"))
    session.commit()
    two.orders.append(one.orders.pop())
    session.commit()
    assert called == [("update", True)]
    assert order.customer_id == two.id
    two.orders.clear()
    session.commit()
    assert called[1:] == [("delete", "AB-1")]


def test_generated_hooks_with_queries(session: Session, noted: Conn) -> None:
    register(Order, example_jobs.order)
    user = User(name="Zoë", email="e")
    session.add(user)
    user.orders.append(order := Order(number="AB-1", total="12.345"))
    session.commit()
    order.state = "shipped"
    session.flush()
    assert order.__dict__["shipped_at"] is not None
    assert str(order.total) == "12.35"
    session.commit()
    types = [job["type"].rpartition(".")[2] for job in jobs_of(noted)]
    assert types == ["search_index_add", "email_send"]


def test_a_two_phase_commit_beside_an_idle_worker(database: str) -> None:
    register(Note, note_hooks)
    engine = create_engine("postgresql+psycopg://", connect_args=conninfo_to_dict(database))
    with (
        psycopg.connect(database, autocommit=True) as worker,
        Session(engine, twophase=True) as session,
    ):
        if worker.execute("SHOW max_prepared_transactions").fetchone() == ("0",):
            pytest.skip("max_prepared_transactions is 0 on this server")
        assert run(worker, acquire(["default"])).taken == ["default"]
        session.add(Note(id=1, sender="tagged"))
        session.commit()
        assert [event for event, *_ in note_events(worker)] == ["create"]
    engine.dispose()


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_an_asynchronous_session(database: str, driver: str) -> None:
    module = ModuleType("asynchronous")
    for event in registrations.EVENTS:
        setattr(module, event, getattr(note_hooks, f"{event}_async"))
    register(Note, module)

    async def act() -> None:
        given = conninfo_to_dict(database) if driver == "psycopg" else asyncpg_arguments(database)
        engine = create_async_engine(f"postgresql+{driver}://", connect_args=given)
        async with AsyncSession(engine) as session:
            session.add_all(notes := [Note(id=n, sender="tagged", anything="12") for n in (1, 2)])
            await session.flush()
            assert [note.tags for note in notes] == [["by 2"], ["by 2"]]
            await session.commit()
            note = await session.get_one(Note, 1)
            note.sender = "me"
            await session.commit()
            async with session.begin_nested() as savepoint:
                session.add(Note(id=3, sender="lost"))
                await session.flush()
                await savepoint.rollback()
            await session.delete(await session.get_one(Note, 2))
            await session.commit()
        await engine.dispose()

    asyncio.run(act())
    with psycopg.connect(database) as connection:
        assert note_events(connection) == [
            ("create", None, ["tagged", {}, "12"]),
            ("create", None, ["tagged", {}, "12"]),
            ("update", ["tagged", {}, "12"], ["me", {}, "12"]),
            ("delete", ["tagged", {}, "12"], None),
        ]


def test_services_and_context(session: Session, database: str) -> None:
    from conduit_runtime import Hook

    module = ModuleType("with services")

    def after_create(conn: Any, row: Any, *, services: Any, context: Any) -> note_hooks.Note:
        with Hook(conn, note_hooks.Note, row, services=services) as hook:
            hook.record.from_ = hook.services.mail.send(context.current_user)
        return hook.record

    module.after_create = after_create  # type: ignore[attr-defined]
    services = SimpleNamespace(mail=SimpleNamespace(send=lambda to: f"sent to {to}"))
    register(
        Note,
        module,
        services=services,
        context=lambda session: SimpleNamespace(current_user=session.info["user"]),
    )
    session.info["user"] = "Zoë"
    session.add(note := Note(id=1, sender="me"))
    session.flush()
    assert note.sender == "sent to Zoë"
