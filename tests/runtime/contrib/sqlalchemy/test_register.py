"""Which hooks a session of SQLAlchemy calls, and with which rows."""

import asyncio
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import example_jobs.order
import note_hooks
import psycopg
import pytest
import sqlalchemy
from conduit_runtime import RecordError
from conduit_runtime.contrib.sqlalchemy import register
from example_app import jobs_of, note_events
from orm_classes import Note, Order, Sender, TypedNote, User
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import ForeignKey, create_engine, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    column_property,
    mapped_column,
    relationship,
)

Conn = psycopg.Connection[Any]


def test_an_instance_from_its_creation_to_its_end(session: Session, noted: Conn) -> None:
    note = Note(id=1, sender="me", anything={"a": [1]})
    session.add(note)
    session.commit()
    note.sender = "you"
    session.commit()
    session.delete(note)
    session.flush()
    assert len(note_events(noted)) == 2
    session.commit()
    assert note_events(noted) == [
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
    assert notes[0].updated_at == before  # now() is the time of the transaction
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
    note.sender = "you"  # not loaded
    session.flush()
    assert "kinds" not in note.__dict__  # deferred, and still not loaded
    note.kinds = {"k": 2}
    session.commit()
    assert note_events(noted) == [
        ("update", ["me", {"k": 1}, None], ["you", {"k": 1}, None]),
        ("update", ["you", {"k": 1}, None], ["you", {"k": 2}, None]),
    ]


def test_what_others_have_committed_meanwhile_is_no_change(session: Session, noted: Conn) -> None:
    noted.execute("INSERT INTO notes (id, \"from\") VALUES (1, 'me')")
    note = session.get_one(Note, 1)
    noted.execute("UPDATE notes SET \"from\" = 'you'")
    note.sender = "you"
    session.commit()
    assert note_events(noted) == [("update", ["you", {}, None], ["you", {}, None])]


def test_expressions_and_changes_without_any(session: Session, noted: Conn) -> None:
    session.add(note := Note(id=1, sender="me"))
    session.commit()
    note.sender = note.sender
    session.commit()
    assert len(note_events(noted)) == 1
    note.sender = sqlalchemy.func.upper(Note.sender)
    session.flush()
    assert note.__dict__["sender"] == "ME"
    session.commit()
    assert note_events(noted)[1] == ("update", ["me", {}, None], ["ME", {}, None])


def test_an_instance_in_place_of_a_deleted_one(session: Session, noted: Conn) -> None:
    session.add(old := Note(id=1, sender="me"))
    session.commit()
    session.delete(old)
    session.add(Note(id=1, sender="another"))
    session.commit()
    assert note_events(noted)[1:] == [("update", ["me", {}, None], ["another", {}, None])]


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


def test_types_and_columns_of_the_class_do_not_matter(session: Session, noted: Conn) -> None:
    register(TypedNote, note_hooks)
    session.add(note := TypedNote(id=1, sender=Sender.tagged))
    session.commit()
    assert (note.sender, note.tags) == (Sender.tagged, ["by 1"])
    note.sender = Sender.me
    session.commit()
    assert [now[0] for _, _, now in note_events(noted)] == ["tagged", "me"]


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
    assert [event for event, *_ in note_events(noted)] == ["create"]


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
    assert [event for event, *_ in note_events(noted)] == ["create", "update"]
