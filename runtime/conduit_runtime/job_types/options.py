"""The options of a job type, and those of a single enqueue."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import (
    Literal,
    Protocol,
    Required,
    TypedDict,
    TypeVar,
    Unpack,
    runtime_checkable,
)

from ..model.attempts.retry import BackoffKind, ErrorType
from ..model.job import Job

P = TypeVar("P", contravariant=True)

Priority = int | Literal["low", "normal", "high", "urgent"]


class JobOptions(TypedDict, total=False):
    """The options of one enqueue; the job type decides the rest.

    `delay` counts from now on the server's clock; `run_at` is an aware time. A `unique` value (or
    tuple of values) allows one job of the type with this value: for `unique_for`, or until the job
    ends.
    """

    queue: str
    priority: Priority
    max_attempts: int
    timeout: timedelta
    delay: timedelta
    run_at: datetime
    unique: object
    unique_for: timedelta


class TypeOptions(TypedDict, total=False):
    """The options of a job type, which apply to all its jobs.

    `timeout` limits one attempt. `base` is the first wait of the backoff (default: a minute),
    `max_backoff` the longest (default: a year). `keep_result` is how long after a job's end the
    handler's result stays stored. Over all workers, at most `concurrency` jobs of the type run at
    once, and at most `rate_limit` start within any `per` (default: a second).

    `retry_on` and `discard_on` are classes of errors, or their names; subclasses count too. An
    error of `discard_on` ends a job at once; with `retry_on`, so does any error that is not in it.
    `was` are earlier names of the type: the same handler runs their jobs.
    """

    queue: str
    priority: Priority
    max_attempts: int
    timeout: timedelta | None
    backoff: BackoffKind
    base: timedelta | None
    max_backoff: timedelta | None
    keep_result: timedelta | None
    concurrency: int | None
    rate_limit: int | None
    per: timedelta | None
    retry_on: Sequence[ErrorType]
    discard_on: Sequence[ErrorType]
    was: Sequence[str]


class BatchTypeOptions(TypeOptions, total=False):
    """The options of a job type whose handler runs up to `batch` jobs in one call.

    The jobs wait at most `wait` for each other (default: a second).
    """

    batch: Required[int]
    wait: timedelta


@runtime_checkable
class JobMaker(Protocol[P]):
    """A job type, as a running job that enqueues another one sees it."""

    name: str
    fingerprint: str

    def job(self, payload: P, /, **options: Unpack[JobOptions]) -> Job:
        """Return a job of this type that is not stored yet."""
