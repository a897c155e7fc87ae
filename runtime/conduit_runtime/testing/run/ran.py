"""The result of a run of jobs in a test: each attempt and its outcome."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, overload
from uuid import UUID

from ...job_types.job_type import JobType

Outcome = Literal[
    "completed", "retried", "failed", "discarded", "snoozed", "unreadable", "not held"
]


class JobFailed(AssertionError):
    """An attempt failed without an exception of the job's code."""


class UnhandledJobs(UserWarning):
    """A run left due jobs, because it has no handler for them."""


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt of a job. `payload` is the decoded JSON of its payload; `attempt` counts from 1.

    `outcome` is "completed", "retried" (the attempt failed, and another one follows), "failed",
    "discarded", "snoozed", "unreadable" (this code cannot read the payload, or cannot go on behind
    the finished steps), or "not held" (the job was cancelled or retried by hand while it ran).
    `result` is what the handler returned, `error` the stored text, `exception` what the attempt
    raised.
    """

    id: UUID
    type: str
    queue: str
    payload: Any
    attempt: int
    max_attempts: int
    outcome: Outcome
    result: Any = None
    error: str | None = None
    exception: BaseException | None = None

    @property
    def is_failure(self) -> bool:
        """Whether the attempt failed, also if another one follows."""
        return self.outcome in ("retried", "failed", "discarded", "unreadable")

    @property
    def has_ended(self) -> bool:
        """Whether the job has ended with this attempt."""
        return self.outcome in ("completed", "failed", "discarded")

    def __str__(self) -> str:
        again = f" (attempt {self.attempt} of {self.max_attempts})" if self.attempt > 1 else ""
        why = f": {self.error}" if self.error else ""
        return f"{self.type} {self.outcome}{again}{why}"


class Ran(Sequence[Run]):
    """The attempts that a run made, in order."""

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self._runs = (*runs,)

    def of(self, type: JobType[Any, Any] | str) -> "Ran":
        """Return the attempts of a job type, given by itself or by its name."""
        name = type if isinstance(type, str) else type.name
        return Ran(run for run in self._runs if run.type == name)

    @property
    def completed(self) -> "Ran":
        """The attempts that completed their job."""
        return Ran(run for run in self._runs if run.outcome == "completed")

    @property
    def failures(self) -> "Ran":
        """The attempts that failed, also those that another one follows."""
        return Ran(run for run in self._runs if run.is_failure)

    @overload
    def __getitem__(self, index: int) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> "Ran": ...
    def __getitem__(self, index: int | slice) -> "Run | Ran":
        found = self._runs[index]
        return found if isinstance(found, Run) else Ran(found)

    def __len__(self) -> int:
        return len(self._runs)

    def __repr__(self) -> str:
        return f"<Ran {', '.join(map(str, self._runs)) or 'nothing'}>"
