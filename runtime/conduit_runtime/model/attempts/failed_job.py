"""The failed job that the application is notified of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

__all__ = ["FailedJob"]


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that ended failed, the argument of `on_failed`.

    `attempts` is the number of attempts that were made. `error` is the error of the last one, and
    `traceback` its traceback as text; None if there is none, as for a job that killed its worker.
    `discarded` is whether its handler raised `Discard`, or an error that its type does not retry
    (`retry_on`, `discard_on`). `headers` are those of the job. A `payload` that Python cannot hold
    stays JSON text.
    """

    id: UUID
    type: str
    queue: str
    attempts: int
    max_attempts: int
    payload: Any
    error: str
    traceback: str | None = None
    discarded: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
