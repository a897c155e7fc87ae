"""Which jobs the dashboard shows and changes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from ..job import JobStatus

STATES = ("due", "scheduled", "unreadable")
"""What a pending job may be: one that a worker may claim, one for later, one that no code reads."""
CHOICES = (*(status.value for status in JobStatus), *STATES)
"""What `JobFilter.status` may be."""


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs: those that fit all that is given.

    `status` is one of CHOICES. `older` and `newer` are times since the enqueue. `error` is a part
    of the last error, in any case; `error_group` the last error with its numbers replaced. `worker`
    is one that holds the job or had a failed attempt of it. `payload` are values that the payload
    contains; with `only_plain` no job matches whose payload has a shape.
    """

    status: str | None = None
    queue: str | None = None
    type: str | None = None
    older: timedelta | None = None
    newer: timedelta | None = None
    error: str | None = None
    error_group: str | None = None
    worker: str | None = None
    payload: Mapping[str, Any] | None = None
    only_plain: bool = False

    @property
    def given(self) -> dict[str, Any]:
        """What is given, by name."""
        return {name: value for name, value in asdict(self).items() if value not in (None, False)}

    @property
    def stored_status(self) -> str | None:
        """The status that all its jobs have in the table; None when they have any."""
        return JobStatus.PENDING.value if self.status in STATES else self.status
