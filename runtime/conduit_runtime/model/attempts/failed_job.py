"""A job that ended failed, as the application is told of it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

__all__ = ["FailedJob"]


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that ended failed, as `on_failed` gets it.

    `attempts` is how many were made, `error` what the last one ended with. `traceback` is its text;
    None when there is none, as for a job that killed its worker. `discarded` tells whether its
    handler gave it up by `Discard`, or ended with an error that `retry_on` and `discard_on` of its
    type do not retry. A `payload` that Python cannot hold stays JSON text.
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
