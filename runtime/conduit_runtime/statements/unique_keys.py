"""Unique jobs: the keys that allow one job of a type at a time."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

import msgspec

from ..model.arguments import LONGEST, describe_argument
from ..model.errors import PayloadError
from ..model.job import Job
from ..model.job_key import plain_value
from ..postgres.statement import Rows, Statement

SWEPT = 5_000
"""The keys that one sweep checks."""


class Duplicate(NamedTuple):
    """A job that was not stored, because its key has an existing job.

    `readable` is whether the role of the enqueue may read the existing job.
    """

    job: Job
    existing: UUID
    readable: bool


def key_of(type_: str, value: object) -> str:
    """The key of a value for jobs of a type: a digest, of which Postgres stores a keyed digest.

    Raises PayloadError for a value that JSON cannot hold.
    """
    try:
        plain = plain_value(value)
    except PayloadError as error:
        raise PayloadError(f"unique: {str(error).replace('payload', 'its value', 1)}") from None
    text = msgspec.json.encode(plain, order="sorted")
    return sha256(type_.encode() + b"\0" + text).hexdigest()


def key_of_job(job: Job) -> tuple[str | None, float | None]:
    """The key of a job, and for how many seconds it is held; None: until the job has ended.

    Without a unique value, there is no key. Raises PayloadError for a job that cannot have one.
    """
    duration = job.unique_for
    if not job.is_unique:
        if duration is not None:
            raise PayloadError("unique_for needs unique: say what is unique")
        return None, None
    if duration is not None and not isinstance(duration, timedelta):
        raise PayloadError(f"unique_for is {duration!r}: use a timedelta")
    if duration is not None and not timedelta(0) < duration <= LONGEST:
        raise PayloadError(
            describe_argument(
                "unique_for", duration, f"a positive time of at most {LONGEST.days:,} days"
            )
        )
    return key_of(job.type, job.unique), None if duration is None else duration.total_seconds()


def at_most_of(job: Job) -> float | None:
    """The seconds after its enqueue by which a debounced job is due, 0 for one that only replaces.

    None for a job that leaves an existing one as it is. Raises PayloadError for options that
    contradict each other.
    """
    if not job.replaces:
        return None
    if job.replace not in (True, False):
        raise PayloadError(f"replace is {job.replace!r}: use True or False")
    if not job.is_unique:
        raise PayloadError("replace and debounce need unique: say what is unique")
    if job.unique_for is not None:
        raise PayloadError("unique_for keeps a value taken, and replace a job: use one of them")
    if job.debounce is None:
        if job.at_most is not None:
            raise PayloadError("at_most needs debounce: say how long to wait for the next enqueue")
        return 0.0
    for name, duration in (("debounce", job.debounce), ("at_most", job.at_most or LONGEST)):
        if not isinstance(duration, timedelta):
            raise PayloadError(describe_argument(name, duration, "a timedelta"))
        if not timedelta(0) < duration <= LONGEST:
            wanted = f"a positive time of at most {LONGEST.days:,} days"
            raise PayloadError(describe_argument(name, duration, wanted))
    if job.delay is not None or job.run_at is not None:
        raise PayloadError("debounce says when the job is due: leave out delay and run_at")
    return (job.at_most or LONGEST).total_seconds()


def duplicates_of(jobs: Sequence[Job]) -> Callable[[Rows, int], list[Duplicate]]:
    """A decoder of the rows of `enqueue_jobs` about these jobs; their positions count from 1."""
    return lambda rows, count: [
        Duplicate(jobs[position - 1], existing, readable) for position, existing, readable in rows
    ]


def with_existing(
    jobs: Sequence[Job], duplicates: Sequence[Duplicate], stored: Sequence[Job]
) -> list[Job]:
    """The jobs, with each duplicate replaced by the existing job, as far as that is known."""
    known = {job.id: job for job in stored}
    instead = {
        id(job): replace(known.get(existing, job), id=existing, duplicate=True)
        for job, existing, _ in duplicates
    }
    return [instead.get(id(job), job) for job in jobs]


def note_stored(jobs: Sequence[Job], duplicates: Sequence[Duplicate]) -> None:
    """Mark the jobs as stored, except the duplicates."""
    for job in jobs:
        job.is_stored = True
    for duplicate in duplicates:
        duplicate.job.is_stored = False


def mark(duplicates: list[Duplicate]) -> None:
    """Mark jobs that were not stored as duplicates, and give them the id of the existing job."""
    for job, existing, _ in duplicates:
        job.id, job.duplicate = existing, True


def sweep(after: tuple[str, str] | None, limit: int = SWEPT) -> Statement[tuple[str, str] | None]:
    """Delete the keys that no job holds, in the page after this key, or in the first page.

    Returns the key to continue from; None at the end.
    """
    type_, key = after or ("", "")
    return Statement(
        "flow/sweep_keys",
        {"type": type_, "key": key, "limit": limit},
        lambda rows, count: (rows[-1][0], rows[-1][1]) if len(rows) == limit else None,
    )
