"""Hooks write the row that the flush wrote, also where several schemas have a table of its name."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import note_hooks
import psycopg
import pytest
from conduit_runtime import Hook, RecordError, table
from conduit_runtime.contrib.sqlalchemy import register
from hook_drivers import asyncpg_arguments
from orm_classes import Note
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Engine, MetaData, create_engine, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

NAMES_BOTH = r'to "acme"."notes", and the hooks of note_hooks are those of "notes"'


class Base(DeclarativeBase):
    metadata = MetaData(schema="acme")


class AcmeNote(Base):
    """Has the columns of which the table is made, all but one of them unmapped."""

    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    sender: Mapped[str] = mapped_column("from")


@pytest.fixture
def acme(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the database with a schema that has a table of notes, too.

    Both tables have a note 1.
    """
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA acme; CREATE TABLE acme.notes (LIKE notes INCLUDING ALL)")
        connection.execute("INSERT INTO notes (id, \"from\") VALUES (1, 'ours')")
        connection.execute("INSERT INTO acme.notes (id, \"from\") VALUES (1, 'theirs')")
        try:
            yield connection
        finally:
            connection.execute("DROP SCHEMA acme CASCADE")


def engine_of(database: str, **options: Any) -> Engine:
    return create_engine(
        "postgresql+psycopg://", connect_args={**conninfo_to_dict(database), **options}
    )


def sender_and_tags(connection: psycopg.Connection[Any], name: str) -> list[Any]:
    return connection.execute(f'SELECT "from", tags FROM {name} ORDER BY id'.encode()).fetchall()


def test_a_class_of_another_schema_is_refused(database: str, acme: psycopg.Connection[Any]) -> None:
    register(AcmeNote, note_hooks)
    engine = engine_of(database)
    with Session(engine) as session:
        session.get_one(AcmeNote, 1).sender = "tagged"
        with pytest.raises(RecordError, match=NAMES_BOTH):
            session.commit()
        session.rollback()
        session.add(AcmeNote(id=2, sender="tagged"))
        with pytest.raises(RecordError, match=NAMES_BOTH):
            session.commit()
        session.rollback()
        session.delete(session.get_one(AcmeNote, 1))
        with pytest.raises(RecordError, match=NAMES_BOTH):
            session.commit()
    engine.dispose()
    assert sender_and_tags(acme, "notes") == [("ours", [])]
    assert sender_and_tags(acme, "acme.notes") == [("theirs", [])]


def test_a_translated_schema_is_refused(database: str, acme: psycopg.Connection[Any]) -> None:
    register(Note, note_hooks)
    engine = engine_of(database).execution_options(schema_translate_map={None: "acme"})
    with Session(engine) as session:
        session.get_one(Note, 1).sender = "tagged"
        with pytest.raises(RecordError, match=NAMES_BOTH):
            session.commit()
    engine.dispose()
    assert sender_and_tags(acme, "notes") == [("ours", [])]


def test_a_translated_schema_is_refused_under_asyncpg(
    database: str, acme: psycopg.Connection[Any]
) -> None:
    module = ModuleType("note_hooks")
    module.after_update = note_hooks.after_update_async  # type: ignore[attr-defined]
    register(Note, module)

    async def change() -> None:
        engine = create_async_engine(
            "postgresql+asyncpg://",
            connect_args=asyncpg_arguments(database),
            execution_options={"schema_translate_map": {None: "acme"}},
        )
        async with AsyncSession(engine) as session:
            (await session.get_one(Note, 1)).sender = "tagged"
            with pytest.raises(RecordError, match=NAMES_BOTH):
                await session.commit()
        await engine.dispose()

    asyncio.run(change())
    assert sender_and_tags(acme, "notes") == [("ours", [])]


def test_hooks_that_name_the_schema(database: str, acme: psycopg.Connection[Any]) -> None:
    @table("acme.notes", key="id")
    @dataclass(slots=True)
    class Named:
        id: int
        tags: list[str]

    def after_update(conn: Any, record: object, previous: object) -> Named:
        with Hook(conn, Named, record, previous) as hook:
            hook.record.tags = ["updated"]
        return hook.record

    after_update.__annotations__["return"] = Named
    module = ModuleType("named")
    module.after_update = after_update  # type: ignore[attr-defined]
    register(AcmeNote, module)
    engine = engine_of(database)
    with Session(engine) as session:
        session.get_one(AcmeNote, 1).sender = "tagged"
        session.commit()
    engine.dispose()
    assert sender_and_tags(acme, "notes") == [("ours", [])]
    assert sender_and_tags(acme, "acme.notes") == [("tagged", ["updated"])]


def test_a_class_of_a_schema_on_the_search_path(
    database: str, acme: psycopg.Connection[Any]
) -> None:
    register(AcmeNote, note_hooks)
    engine = engine_of(database, options="-c search_path=acme,public")
    with Session(engine) as session:
        session.get_one(AcmeNote, 1).sender = "tagged"
        session.commit()
    engine.dispose()
    assert sender_and_tags(acme, "notes") == [("ours", [])]
    assert sender_and_tags(acme, "acme.notes") == [("tagged", ["updated"])]


def test_a_search_path_for_each_tenant(database: str, acme: psycopg.Connection[Any]) -> None:
    register(Note, note_hooks)
    engine = engine_of(database)
    with Session(engine) as session:
        session.execute(text("SET LOCAL search_path = acme, public"))
        session.get_one(Note, 1).sender = "tagged"
        session.commit()
    engine.dispose()
    assert sender_and_tags(acme, "notes") == [("ours", [])]
    assert sender_and_tags(acme, "acme.notes") == [("tagged", ["updated"])]
