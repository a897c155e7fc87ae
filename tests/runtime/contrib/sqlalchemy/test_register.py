"""Hooks that a flush of SQLAlchemy calls."""

import asyncio
import enum
from collections.abc import Iterator
from datetime import datetime
from types import ModuleType, SimpleNamespace
from typing import Any
from uuid import uuid4

import conduit_runtime.contrib.sqlalchemy.registration as registrations
import example_jobs.order
import note_hooks
import psycopg
import pytest
import sqlalchemy
from clean_databases import empty_tables
from conduit_runtime import RecordError
from conduit_runtime.contrib.sqlalchemy import register
from example_app import jobs_of
from hook_drivers import asyncpg_arguments
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import ForeignKey, create_engine, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    column_property,
    deferred,
    mapped_column,
    relationship,
)


class Base(DeclarativeBase):
    pass


class Sender(enum.Enum):
    tagged = "another text"
    me = "a value that the database never sees"


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    sender: Mapped[str] = mapped_column("from")
    kinds: Mapped[Any] = deferred(mapped_column("class", JSONB, server_default=text("'{}'")))
    tags: Mapped[Any] = mapped_column(ARRAY(sqlalchemy.Text), server_default=text("'{}'"))
    anything: Mapped[Any] = mapped_column(JSONB(none_as_null=True))
    updated_at: Mapped[datetime | None]


class Other(DeclarativeBase):
    pass


class TypedNote(Other):
    """Types of its own, and a column that it does not map."""

    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    sender: Mapped[Sender] = mapped_column("from", sqlalchemy.Enum(Sender, native_enum=False))
    tags: Mapped[Any] = mapped_column(ARRAY(sqlalchemy.Text), server_default=text("'{}'"))


class User(Base):
    __tablename__ = "users"
    id: Mapped[Any] = mapped_column(
        UUID, primary_key=True, server_default=text("gen_random_uuid()")
    )
    name: Mapped[str]
    email: Mapped[str]
    orders: Mapped[list["Order"]] = relationship(cascade="all, delete-orphan")


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[Any] = mapped_column(
        UUID, primary_key=True, server_default=text("gen_random_uuid()")
    )
    number: Mapped[str]
    total: Mapped[Any] = mapped_column(sqlalchemy.Numeric(10, 2), server_default="0")
    state: Mapped[str] = mapped_column(server_default="open")
    note: Mapped[str | None]
    address: Mapped[Any] = mapped_column(JSONB, server_default='{"street": "s", "country": "DE"}')
    shipped_at: Mapped[Any] = mapped_column(sqlalchemy.DateTime(timezone=True))
    notified_at: Mapped[Any] = mapped_column(sqlalchemy.DateTime(timezone=True))
    customer_id: Mapped[Any] = mapped_column(ForeignKey("users.id"))


@pytest.fixture
def database(app_dsn: str) -> Iterator[str]:
    """The application's database; what is registered in the test is forgotten after it."""
    with psycopg.connect(app_dsn) as connection:
        empty_tables(connection)
    yield app_dsn
    registrations._registrations.clear()


@pytest.fixture
def session(database: str) -> Iterator[Session]:
    engine = create_engine("postgresql+psycopg://", connect_args=conninfo_to_dict(database))
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture
def noted(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection that sees what is committed; the hooks of notes are registered."""
    register(Note, note_hooks)
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def events(conn: psycopg.Connection[Any]) -> list[tuple[str, Any, Any]]:
    return [
        tuple(job["payload"][name] for name in ("event", "was", "now")) for job in jobs_of(conn)
    ]


Conn = psycopg.Connection[Any]


def test_an_instance_from_its_creation_to_its_end(session: Session, noted: Conn) -> None:
    note = Note(id=1, sender="me", anything={"a": [1]})
    session.add(note)
    session.commit()
    note.sender = "you"
    session.commit()
    session.delete(note)
    session.flush()
    assert len(events(noted)) == 2
    session.commit()
    assert events(noted) == [
        ("create", None, ["me", {}, {"a": [1]}]),
        ("update", ["me", {}, {"a": [1]}], ["you", {}, {"a": [1]}]),
        ("delete", ["you", {}, {"a": [1]}], None),
    ]


def test_what_hooks_and_the_database_set_is_shown(session: Session, noted: Conn) -> None:
    session.add_all(notes := [Note(id=number, sender="tagged") for number in (1, 2)])
    session.flush()
    assert [note.tags for note in notes] == [["by 2"], ["by 2"]]
    assert all(note.updated_at is not None for note in notes)
    before = notes[0].updated_at
    notes[0].anything = 5
    session.flush()
    assert notes[0].tags == ["by 2", "updated"]
    assert notes[0].updated_at == before  # the time of the transaction
    assert not session.dirty
    session.commit()
    assert noted.execute("SELECT tags FROM notes WHERE id = 1").fetchall() == [
        (["by 2", "updated"],)
    ]


def test_the_previous_row_of_what_is_not_loaded(session: Session, noted: Conn) -> None:
    noted.execute("""INSERT INTO notes (id, "from", class) VALUES (1, 'me', '{"k": 1}')""")
    note = session.get_one(Note, 1)
    session.commit()
    assert session.get_one(Note, 1) is note
    session.expire(note)
    note.sender = "you"  # unloaded
    session.flush()
    assert "kinds" not in note.__dict__  # deferred, and still not loaded
    note.kinds = {"k": 2}
    session.commit()
    assert events(noted) == [
        ("update", ["me", {"k": 1}, None], ["you", {"k": 1}, None]),
        ("update", ["you", {"k": 1}, None], ["you", {"k": 2}, None]),
    ]


def test_what_others_have_committed_meanwhile_is_no_change(session: Session, noted: Conn) -> None:
    noted.execute("INSERT INTO notes (id, \"from\") VALUES (1, 'me')")
    note = session.get_one(Note, 1)
    noted.execute("UPDATE notes SET \"from\" = 'you'")
    note.sender = "you"
    session.commit()
    assert events(noted) == [("update", ["you", {}, None], ["you", {}, None])]


def test_expressions_and_changes_without_any(session: Session, noted: Conn) -> None:
    session.add(note := Note(id=1, sender="me"))
    session.commit()
    note.sender = note.sender
    session.commit()
    assert len(events(noted)) == 1
    note.sender = sqlalchemy.func.upper(Note.sender)
    session.flush()
    assert note.__dict__["sender"] == "ME"
    session.commit()
    assert events(noted)[1] == ("update", ["me", {}, None], ["ME", {}, None])


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
    assert [now[0] for _, _, now in events(noted)] == ["kept"]


def test_a_hook_that_raises_undoes_the_flush(session: Session, noted: Conn) -> None:
    session.add(Note(id=1, sender="bad"))
    with pytest.raises(ZeroDivisionError):
        session.flush()
    session.rollback()
    session.add(Note(id=2, sender="good"))
    session.commit()
    assert [now[0] for _, _, now in events(noted)] == ["good"]


def test_one_of_several_hooks_that_raises(session: Session, noted: Conn) -> None:
    session.add_all(
        [Note(id=1, sender="good"), Note(id=2, sender="bad"), Note(id=3, sender="good")]
    )
    with pytest.raises(ZeroDivisionError):
        session.commit()
    session.rollback()
    session.add(Note(id=2, sender="good"))
    session.commit()
    assert [now[0] for _, _, now in events(noted)] == ["good"]


def test_a_flush_of_many(session: Session, noted: Conn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conduit_runtime.contrib.sqlalchemy.rows.PART", 7)
    session.add_all(notes := [Note(id=number, sender="tagged") for number in range(30)])
    session.commit()
    for note in notes:
        note.sender = "me"
    session.commit()
    found = events(noted)
    assert [event for event, *_ in found] == ["create"] * 30 + ["update"] * 30
    assert all(note.tags == ["by 30"] for note in notes)


def test_an_instance_in_place_of_a_deleted_one(session: Session, noted: Conn) -> None:
    session.add(old := Note(id=1, sender="me"))
    session.commit()
    session.delete(old)
    session.add(Note(id=1, sender="another"))
    session.commit()
    assert events(noted)[1:] == [("update", ["me", {}, None], ["another", {}, None])]


def test_keys_that_are_set_as_texts(session: Session, noted: Conn) -> None:
    register(Order, example_jobs.order)
    user = User(id=str(uuid4()), name="Zoë", email="e")
    order = Order(id=str(uuid4()), number="AB-1", customer_id=user.id)
    session.add_all([user, order])
    session.flush()
    order.state = "shipped"
    session.commit()
    types = [job["type"].rpartition(".")[2] for job in jobs_of(noted)]
    assert types == ["search_index_add", "email_send"]
    assert order.shipped_at is not None


def test_a_session_that_joins_a_transaction(noted: Conn, database: str) -> None:
    """As the tests of applications do, which roll everything back."""
    engine = create_engine("postgresql+psycopg://", connect_args=conninfo_to_dict(database))
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            session.add(Note(id=1, sender="me"))
            session.commit()
            assert len(jobs_of(connection.connection.driver_connection)) == 1
        outer.rollback()
    engine.dispose()
    assert events(noted) == []


def test_a_query_flushes_before_it(session: Session, noted: Conn) -> None:
    session.add(Note(id=1, sender="tagged"))
    assert session.scalars(select(Note)).one().tags == ["by 1"]
    session.get_one(Note, 1).sender = "me"
    assert session.scalar(select(sqlalchemy.func.count()).select_from(Note)) == 1
    session.commit()
    assert [event for event, *_ in events(noted)] == ["create", "update"]


def test_bulk_statements_call_no_hooks(session: Session, noted: Conn) -> None:
    session.execute(insert(Note), [{"id": 1, "sender": "me", "anything": None}])
    session.execute(update(Note).values(sender="you"))
    session.commit()
    assert events(noted) == []


def test_types_and_columns_of_the_class_do_not_matter(session: Session, noted: Conn) -> None:
    register(TypedNote, note_hooks)
    session.add(note := TypedNote(id=1, sender=Sender.tagged))
    session.commit()
    assert (note.sender, note.tags) == (Sender.tagged, ["by 1"])
    note.sender = Sender.me
    session.commit()
    assert [now[0] for _, _, now in events(noted)] == ["tagged", "me"]


def test_a_class_whose_relations_are_declared_later(session: Session, database: str) -> None:
    class Later(DeclarativeBase):
        pass

    class Memo(Later):
        __tablename__ = "notes"
        id: Mapped[int] = mapped_column(primary_key=True)
        sender: Mapped[str] = mapped_column("from")
        parts: Mapped[list["Part"]] = relationship()

    register(Memo, note_hooks)

    class Part(Later):
        __tablename__ = "parts"
        id: Mapped[int] = mapped_column(primary_key=True)
        memo: Mapped[int] = mapped_column(ForeignKey("notes.id"))

    Memo.length = column_property(sqlalchemy.func.length(Memo.sender))  # type: ignore[attr-defined]
    session.add(memo := Memo(id=1, sender="tagged"))
    session.commit()
    assert (memo.length, memo.sender) == (6, "tagged")  # type: ignore[attr-defined]
    assert session.execute(text("SELECT tags FROM notes")).scalar() == ["by 1"]


def test_subclasses_have_the_hooks_of_their_class(session: Session, noted: Conn) -> None:
    class Memo(Note):
        pass

    session.add(Memo(id=1, sender="me"))
    session.commit()
    assert [event for event, *_ in events(noted)] == ["create"]


def test_rows_that_the_flush_itself_changes(session: Session, noted: Conn) -> None:
    """An order without a customer of its own is moved, and an orphan deleted."""
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
        assert events(connection) == [
            ("create", None, ["tagged", {}, "12"]),
            ("create", None, ["tagged", {}, "12"]),
            ("update", ["tagged", {}, "12"], ["me", {}, "12"]),
            ("delete", ["tagged", {}, "12"], None),
        ]


def test_hooks_of_the_wrong_kind(session: Session, noted: Conn, database: str) -> None:
    async def add() -> None:
        given = conninfo_to_dict(database)
        engine = create_async_engine("postgresql+psycopg://", connect_args=given)
        async with AsyncSession(engine) as asynchronous:
            asynchronous.add(Note(id=1, sender="me"))
            with pytest.raises(TypeError, match=r"hooks.after_create is synchronous: set conn"):
                await asynchronous.flush()
        await engine.dispose()

    asyncio.run(add())


def test_what_does_not_fit_is_refused(database: str) -> None:
    with pytest.raises(TypeError, match="use a class that SQLAlchemy maps"):
        register(dict, note_hooks)
    for module in (asyncio, SimpleNamespace(after_create=lambda conn, record: record)):
        with pytest.raises(TypeError, match="use the generated module of the resource"):
            register(Note, module)  # type: ignore[arg-type]
    with pytest.raises(RecordError, match="Note is mapped to the table notes, and the hooks of"):
        register(Note, example_jobs.order)
    register(Note, note_hooks)
    with pytest.raises(ValueError, match="Note is registered already"):
        register(Note, note_hooks)


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


def test_sqlmodel(database: str, noted: Conn) -> None:
    sqlmodel = pytest.importorskip("sqlmodel")

    class ModelNote(sqlmodel.SQLModel, table=True):  # type: ignore[name-defined,misc,call-arg]
        __tablename__ = "notes"
        id: int = sqlmodel.Field(primary_key=True)
        sender: str = sqlmodel.Field(sa_column_kwargs={"name": "from"})
        tags: list[str] = sqlmodel.Field(
            sa_column=sqlalchemy.Column(ARRAY(sqlalchemy.Text), server_default=text("'{}'"))
        )

    register(ModelNote, note_hooks)
    engine = create_engine("postgresql+psycopg://", connect_args=conninfo_to_dict(database))
    with sqlmodel.Session(engine) as session:
        session.add(note := ModelNote(id=1, sender="tagged"))
        session.flush()
        assert note.tags == ["by 1"]
        note.sender = "you"
        session.flush()
        assert note.model_dump() == {"id": 1, "sender": "you", "tags": ["by 1"]}
        session.commit()
    engine.dispose()
    assert [event for event, *_ in events(noted)] == ["create", "update"]
