"""The records of the steps of jobs, their sleeps and waits, and signals. Statements without IO."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple
from uuid import UUID

from ..model.arguments import check_type
from ..model.claimed import Claimed
from ..model.errors import PayloadError
from ..model.job_step import JobStep
from ..model.new_job import PLAIN
from ..model.payload import check_name, decode, encode
from ..postgres.arrays import array, floats, integers, texts, uuids
from ..postgres.statement import Rows, Statement, nothing
from .jobs import job_id
from .results import MAX_RESULT
from .unique_keys import key_of

SWEPT = 5_000
"""The records of a page of a sweep."""
_OF_A_FORK = {"id", "fingerprint", "run_at", "expires"}
_COPIED = ", ".join(name for name in PLAIN if name not in _OF_A_FORK)


class Records(NamedTuple):
    """The values of a job's finished steps by name, as JSON; `asleep` are sleeps that go on."""

    values: Mapping[str, str]
    asleep: Collection[str] = ()


Stored = Records | Literal[False]
"""False for a job that is not held."""


class Record(NamedTuple):
    """What is stored of a finished step: its value as JSON, and its duration in seconds.

    That of a loop `is_loop`: it replaces the record of the turn before, and those of the steps in
    the turn.
    """

    job: Claimed
    name: str
    value: str
    elapsed: float
    is_loop: bool = False


class Wait(NamedTuple):
    """A sleep of a job, or with `is_signal` its wait for the signal of this name, in seconds."""

    job: Claimed
    name: str
    seconds: float
    is_signal: bool


Waited = str | float | Literal[False]
"""The value of a wait that has ended, as JSON, or the seconds left; False for a lost job."""


def store(records: Sequence[Record]) -> Statement[Sequence[bool | None]]:
    """Store records; returns for each whether its attempt still holds its job.

    None: another transaction has locked the job, so the record is not stored.
    """
    parameters = {
        **_held([record.job for record in records]),
        "names": texts([record.name for record in records]),
        "contents": texts([record.value for record in records]),
        "attempts": integers([record.job.attempts for record in records]),
        "loops": array([record.is_loop for record in records]),
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
            (id_, token): Records(dict(zip(names or (), contents or (), strict=True)), asleep or ())
            for id_, token, names, contents, asleep in rows
        }
        return [found.get((job.id, job.token), False) for job in jobs]

    return Statement("outcome/read_steps", _held(jobs), collect)


def wait(waits: Sequence[Wait]) -> Statement[Sequence[Waited | None]]:
    """Begin or end sleeps and waits; None: another transaction has locked the job.

    A job that has to wait is due when its wait ends, at the latest: `run_at` says so.
    """
    parameters = {
        **_held([each.job for each in waits]),
        "names": texts([each.name for each in waits]),
        "durations": floats([each.seconds for each in waits]),
        "are_signals": array([each.is_signal for each in waits]),
        "attempts": integers([each.job.attempts for each in waits]),
    }

    def read(rows: Rows, count: int) -> list[Waited | None]:
        found: list[Waited | None] = [False] * len(waits)
        for place, value, remaining in rows:
            found[place - 1] = remaining if value is None else value
        return found

    return Statement("outcome/wait", parameters, read)


def signal(job: UUID | str | tuple[str, object], name: str, value: object) -> Statement[bool]:
    """Send a signal to a job, by its id, or by its type and unique value.

    Returns whether the job gets it. Raises PayloadError for a value or name that cannot be stored.
    """
    check_name(name, "the name of the signal")
    id_: UUID | None = None
    type_ = key = None
    if isinstance(job, tuple):
        type_, unique = _pair(job)
        key = key_of(type_, unique)
    else:
        id_ = job_id(job)
    parameters = {"id": id_, "type": type_, "key": key, "name": name, "value": _json_of(value)}
    return Statement("job/signal", parameters, lambda rows, count: bool(rows[0][0]))


def _pair(job: tuple[Any, ...]) -> tuple[str, object]:
    if len(job) != 2:
        raise ValueError(f"job is a tuple of {len(job)}: use an id, or (type, unique value)")
    type_, unique = job
    check_type(type_, "the type of the job", str, "a text")
    return type_, unique


def _json_of(value: object) -> str:
    try:
        text = encode(value)
        if (size := len(text.encode())) > MAX_RESULT:
            raise PayloadError(
                f"payload is {size:,} bytes of JSON, more than {MAX_RESULT:,}: store the data "
                "elsewhere and send a reference to it"
            )
    except PayloadError as error:
        raise PayloadError(str(error).replace("payload", "the value of the signal", 1)) from None
    return text


def steps_of(job: UUID) -> Statement[list[JobStep]]:
    """The steps of a job, in the order of their ends, then what it still waits for."""
    return Statement("job/steps", {"id": job, "limit": None}, read_all_steps, WHOLE)


WHOLE = {"value": "value::pg_catalog.text", "further": ""}
"""Fragments that read the values of steps whole."""


def read_all_steps(rows: Rows, count: int) -> list[JobStep]:
    """Decode rows of job/steps.sql."""
    return [read_step(row) for row in reversed(rows)]


def read_step(row: Sequence[Any]) -> JobStep:
    """Decode the first columns of a row of job/steps.sql."""
    name, attempt, started_at, ended_at, value, waits = row[:6]
    read = None if value is None or waits else decode(value)
    return JobStep(name, attempt, started_at, ended_at, read, waits)


def sweep(after: tuple[UUID, str] | None, limit: int = SWEPT) -> Statement[tuple[UUID, str] | None]:
    """Delete left-over records and signals, in the page after this record, or in the first page.

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


def fork_job(id: UUID, fork: UUID, names: Sequence[str]) -> Statement[None]:
    """Enqueue a job like this one with the id `fork`, with its records of the steps `names`."""
    parameters = {"id": id, "fork": fork, "names": names}
    return Statement("job/fork", parameters, nothing, {"columns": _COPIED})
