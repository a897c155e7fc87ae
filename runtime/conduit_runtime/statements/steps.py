"""The records of the steps of jobs. Statements without IO."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from ..model.claimed import Claimed
from ..model.payload import decode
from ..postgres.arrays import integers, texts, uuids
from ..postgres.statement import Rows, Statement

SWEPT = 5_000
"""The records of a page of a sweep."""

Stored = Mapping[str, str] | Literal[False]
"""The values of a job's finished steps by name, as JSON; False for a job that is not held."""


class Record(NamedTuple):
    """What is stored of a finished step: its value as JSON, and its duration in seconds."""

    job: Claimed
    name: str
    value: str
    elapsed: float


class StoredStep(NamedTuple):
    """A finished step of a job, as people see it; `attempt` is the number of that which ran it."""

    name: str
    attempt: int
    started_at: datetime
    ended_at: datetime
    value: Any


def store(records: Sequence[Record]) -> Statement[Sequence[bool | None]]:
    """Store records; returns for each whether its attempt still holds its job.

    None: another transaction has locked the job, so the record is not stored.
    """
    parameters = {
        **_held([record.job for record in records]),
        "names": texts([record.name for record in records]),
        "contents": texts([record.value for record in records]),
        "attempts": integers([record.job.attempts for record in records]),
        "elapsed": integers([int(record.elapsed * 1e6) for record in records]),
    }

    def read(rows: Rows, count: int) -> list[bool | None]:
        stored, held = rows[0]
        found: list[bool | None] = [False] * len(records)
        for place in held or ():
            found[place - 1] = None
        for place in stored:
            found[place - 1] = True
        return found

    return Statement("outcome/store_steps", parameters, read)


def read(jobs: Sequence[Claimed]) -> Statement[Sequence[Stored | None]]:
    """The stored steps of each job."""

    def collect(rows: Rows, count: int) -> list[Stored | None]:
        found = {
            (id_, token): dict(zip(names or (), contents or (), strict=True))
            for id_, token, names, contents in rows
        }
        return [found.get((job.id, job.token), False) for job in jobs]

    return Statement("outcome/read_steps", _held(jobs), collect)


def steps_of(job: UUID) -> Statement[list[StoredStep]]:
    """The finished steps of a job, in the order of their ends."""
    return Statement(
        "job/steps",
        {"id": job},
        lambda rows, count: [
            StoredStep(name, attempt, started_at, ended_at, decode(value))
            for name, value, attempt, started_at, ended_at in rows
        ],
    )


def sweep(after: tuple[UUID, str] | None, limit: int = SWEPT) -> Statement[tuple[UUID, str] | None]:
    """Delete left-over records, in the page after this record, or in the first page.

    Returns the record to continue from, by its job and name; None at the end.
    """
    job, name = after or (UUID(int=0), "")
    return Statement(
        "outcome/sweep_steps",
        {"job": job, "name": name, "limit": limit},
        lambda rows, count: (rows[-1][0], rows[-1][1]) if len(rows) == limit else None,
    )


def _held(jobs: Sequence[Claimed]) -> dict[str, Any]:
    return {"ids": uuids([job.id for job in jobs]), "tokens": uuids([job.token for job in jobs])}
