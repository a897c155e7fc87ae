"""Failed jobs, grouped by error; errors that differ only in their numbers are the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Failed jobs of a type with one error: `pattern`, its first line with # for each number.

    `key` names the pattern in addresses. `first_seen` and `last_seen` are when the first and the
    last of the jobs failed. `latest` is the job that was enqueued last. `counts` are how many
    failed in each of the equal parts of the period, the oldest part first.
    """

    type: str
    key: str
    pattern: str
    jobs: int
    first_seen: datetime
    last_seen: datetime
    latest: UUID
    counts: Sequence[int]


@dataclass(frozen=True, slots=True)
class ErrorExample:
    """The job of a group that was enqueued last, to find what its error has to hide.

    `error` is cut. `payload` is None when it is large.
    """

    fingerprint: str
    error: str
    payload: Any


@dataclass(frozen=True, slots=True)
class Errors:
    """The groups with the most failed jobs, an example of each, and the jobs that were read.

    `since` and `until` are the period. `read` is how many failed jobs of the filter were read,
    those that were enqueued last. If there may be earlier ones, `older` is the job at which the
    search ended, and `searched_back_to` is when it was enqueued. `all_groups` also counts groups
    that are not in `groups`.
    """

    groups: Sequence[ErrorGroup]
    examples: Sequence[ErrorExample]
    all_groups: int
    read: int
    older: UUID | None
    searched_back_to: datetime | None
    since: datetime
    until: datetime
