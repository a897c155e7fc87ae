"""A job as a worker holds it: claimed, its payload still JSON."""

from typing import Any
from uuid import UUID

__all__ = ["COLUMNS", "Claimed"]

COLUMNS = (
    "id, type, queue, payload::text, attempts, max_attempts, priority, rescues, timeout, "
    "fingerprint, run_at::text, seq, flow"
)


class Claimed:
    """A claimed job. `attempts` is the number of this attempt, from 1; `payload` is JSON text."""

    __slots__ = (
        "attempts",
        "fingerprint",
        "flow",
        "id",
        "max_attempts",
        "payload",
        "priority",
        "queue",
        "rescues",
        "run_at",
        "seq",
        "timeout",
        "token",
        "type",
    )

    id: UUID
    type: str
    queue: str
    payload: str
    attempts: int
    max_attempts: int
    priority: int
    rescues: int
    timeout: float | None
    fingerprint: str
    run_at: str
    seq: int
    flow: UUID | None
    token: UUID

    def __init__(self, row: tuple[Any, ...], token: UUID) -> None:
        (
            self.id,
            self.type,
            self.queue,
            self.payload,
            self.attempts,
            self.max_attempts,
            self.priority,
            self.rescues,
            self.timeout,
            self.fingerprint,
            self.run_at,
            self.seq,
            self.flow,
        ) = row
        self.attempts += 1
        self.token = token

    @property
    def is_suspect(self) -> bool:
        """Whether the job may have killed its worker: it then runs apart from others like it."""
        return self.rescues >= 2 or (self.rescues > 0 and self.attempts >= self.max_attempts)
