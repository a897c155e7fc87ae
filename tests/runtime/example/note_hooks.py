"""Hooks of the table `notes`, in the form that the compiler generates."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from conduit_runtime import AsyncHook, Hook, JobContext, job_type, named, table


@table("notes", key="id", auto_update=("updated_at",))
@named(from_="from", class_="class")
@dataclass(slots=True)
class Note:
    id: int
    from_: str
    class_: dict[str, int]
    tags: list[str]
    anything: Any
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Seen:
    event: str
    was: Any
    now: Any


@job_type("note.seen", "00000001")
async def seen(job: JobContext[Any], payload: Seen) -> None:
    raise NotImplementedError


def after_create(conn: Any, record: object) -> Note:
    with Hook(conn, Note, record) as hook:
        note = hook.record
        hook.enqueue(seen, Seen("create", None, [note.from_, note.class_, note.anything]))
        if note.from_ == "tagged":
            note.tags = [f"by {hook.scalar(int, 'SELECT count(*) FROM notes')}"]
        if note.from_ == "bad":
            raise ZeroDivisionError
    return note


def after_update(conn: Any, record: object, previous: object) -> Note:
    with Hook(conn, Note, record, previous) as hook:
        note = hook.record
        was = [hook.previous.from_, hook.previous.class_, hook.previous.anything]
        hook.enqueue(seen, Seen("update", was, [note.from_, note.class_, note.anything]))
        if note.from_ == "tagged":
            note.tags = [*note.tags, "updated"]
    return note


def after_delete(conn: Any, record: object) -> Note:
    with Hook(conn, Note, record) as hook:
        note = hook.record
        hook.enqueue(seen, Seen("delete", [note.from_, note.class_, note.anything], None))
    return note


async def after_create_async(conn: Any, record: object) -> Note:
    async with AsyncHook(conn, Note, record) as hook:
        note = hook.record
        hook.enqueue(seen, Seen("create", None, [note.from_, note.class_, note.anything]))
        if note.from_ == "tagged":
            count = await hook.scalar(int, "SELECT count(*) FROM notes")
            note.tags = [f"by {count}"]
    return note


async def after_update_async(conn: Any, record: object, previous: object) -> Note:
    async with AsyncHook(conn, Note, record, previous) as hook:
        note = hook.record
        was = [hook.previous.from_, hook.previous.class_, hook.previous.anything]
        hook.enqueue(seen, Seen("update", was, [note.from_, note.class_, note.anything]))
        if note.from_ == "tagged":
            note.tags = [*note.tags, "updated"]
    return note


async def after_delete_async(conn: Any, record: object) -> Note:
    async with AsyncHook(conn, Note, record) as hook:
        note = hook.record
        hook.enqueue(seen, Seen("delete", [note.from_, note.class_, note.anything], None))
    return note
