"""Rows of the table `notes`, and a job that hooks enqueue for them."""

from dataclasses import dataclass
from typing import Any

from conduit_runtime import JobContext, job_type, named
from example_app import rows
from hook_drivers import Conn


@named(from_="from")
@dataclass(frozen=True, slots=True)
class Copy:
    """The payload of `copy`."""

    from_: Any


@job_type("note.after_create.copy", "00000001", queue="notes", priority="urgent", max_attempts=7)
async def copy(job: JobContext[Any], payload: Copy) -> None:
    """A job of a hook; no test runs it."""
    raise NotImplementedError


def insert_note(conn: Conn, id: int = 1) -> dict[str, Any]:
    """Insert a note and return its row."""
    return rows(conn, """INSERT INTO notes (id, "from") VALUES (%s, 'me') RETURNING *""", (id,))[0]


def note(conn: Conn, id: int = 1) -> dict[str, Any]:
    """Return the row of a note."""
    return rows(conn, "SELECT * FROM notes WHERE id = %s", (id,))[0]
