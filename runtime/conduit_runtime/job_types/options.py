"""What a job type and an enqueue may say of a job."""

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
    """What an enqueue may say of its one job; the rest is the job type's.

    `delay` counts from now on the server's clock, `run_at` is an aware time. A `unique` value (or
    tuple of values) allows one such job for `unique_for`, or until it ended.
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
    """What a job type says of all its jobs.

    `timeout` bounds one attempt; `base` is the first wait of the backoff (default: a minute).
    `keep_result` is how long after a job's end the handler's result stays stored. At most
    `concurrency` jobs of the type run at once, and at most `rate_limit` start within any `per`
    (default: a second), over all workers. With `retry_on`, other errors end a job at once, as those
    of `discard_on` do: classes, or their names; subclasses count. `was` are earlier names of the
    type: their jobs run under the same handler.
    """

    queue: str
    priority: Priority
    max_attempts: int
    timeout: timedelta | None
    backoff: BackoffKind
    base: timedelta | None
    keep_result: timedelta | None
    concurrency: int | None
    rate_limit: int | None
    per: timedelta | None
    retry_on: Sequence[ErrorType]
    discard_on: Sequence[ErrorType]
    was: Sequence[str]


class BatchTypeOptions(TypeOptions, total=False):
    """What a job type says whose handler runs up to `batch` jobs in one call.

    They wait at most `wait` for each other (default: a second).
    """

    batch: Required[int]
    wait: timedelta


@runtime_checkable
class JobMaker(Protocol[P]):
    """A job type, as a running job sees it that enqueues another one."""

    name: str
    fingerprint: str

    def job(self, payload: P, /, **options: Unpack[JobOptions]) -> Job:
        """A job of this type that is not stored yet."""
