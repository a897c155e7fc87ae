"""The filter of the jobs that the dashboard shows and changes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from ..job import JobStatus

STATES = ("due", "scheduled", "unreadable", "refused")
"""The kinds of pending jobs: a worker may claim it, it is due later, no code reads it, or Postgres
refused its last claim."""
CHOICES = (*(status.value for status in JobStatus), *STATES)
"""The values of `JobFilter.status`."""
BY_ID = ("newest", "oldest")
"""The orders of a list of jobs by their ids, which are in the order of the enqueues."""
BY_VALUE = ("time", "attempts", "priority")
"""The orders by a value: `time` is that of the status, so it needs one."""


@dataclass(frozen=True, slots=True)
class JobFilter:
    """A filter of jobs: a job matches if it fits everything that is given.

    `status` is one of CHOICES. `older` and `newer` are times since the enqueue. `error` is a part
    of the last error, in any case; `error_group` is the last error with its numbers replaced.
    `worker` is one that holds the job or had a failed attempt of it. `payload` has values that the
    payload contains. With `only_plain`, only jobs whose payload has no shape match.
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
    key: str | None = None

    @property
    def given(self) -> dict[str, Any]:
        """The given parts, by name."""
        return {name: value for name, value in asdict(self).items() if value not in (None, False)}

    @property
    def stored_status(self) -> str | None:
        """The status that all matching jobs have in the table; None if it may be any."""
        return JobStatus.PENDING.value if self.status in STATES else self.status
