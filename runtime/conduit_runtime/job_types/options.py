"""The options of a job type, and those of a single enqueue."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import (
    Literal,
    Protocol,
    Required,
    TypeAlias,
    TypedDict,
    TypeVar,
    Unpack,
    runtime_checkable,
)

from ..model.job import Job
from .rules import RuleOptions

P = TypeVar("P", contravariant=True)

Priority = int | Literal["low", "normal", "high", "urgent"]


KeptClasses: TypeAlias = Mapping[str, type | None]
"""The steps of a block in the order of the source, each with the class of what it keeps."""


class JobOptions(TypedDict, total=False):
    """The options of one enqueue; the job type decides the rest.

    `key` says whose the job is. `delay` counts from now on the server's clock; `run_at` is an aware
    time. A `unique` value (or tuple of values) allows one job of the type with this value: for
    `unique_for`, or until the job ends. With `replace`, or `debounce` and `at_most`, the existing
    job gets the new payload: see `Job`. A job that has not started `expires` after it is due ends
    cancelled. One of `weight` 5 counts for five in limits.
    """

    queue: str
    priority: Priority
    max_attempts: int
    timeout: timedelta
    delay: timedelta
    run_at: datetime
    key: object
    unique: object
    unique_for: timedelta
    replace: bool
    debounce: timedelta
    at_most: timedelta
    expires: timedelta
    weight: int


class TypeOptions(RuleOptions, total=False):
    """The options of a job type: those of its jobs, and the rules by which workers run them.

    `was` are earlier names of the type: the same handler runs their jobs. `steps` are those of its
    block; a type that never had any leaves them out.
    """

    queue: str
    priority: Priority
    max_attempts: int
    expires: timedelta | None
    was: Sequence[str]
    steps: KeptClasses


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
