"""Failed jobs in groups of what is the same error but for its numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Failed jobs of a type with one error: `pattern`, its first line with # for each number.

    `key` names the pattern in addresses. `first_seen` and `last_seen` are when the first and the
    last of them failed, `latest` is the one that was enqueued last. `counts` are how many failed
    in each of the equal parts of the period, the oldest part first.
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
    """The job of a group that was enqueued last, for what has to be masked in its error.

    `error` is cut. `payload` is None when it is large.
    """

    fingerprint: str
    error: str
    payload: Any


@dataclass(frozen=True, slots=True)
class Errors:
    """The groups with the most failed jobs, an example of each, and what they are of.

    `since` and `until` are the period. `read` is how many failed jobs were looked at, those that
    were enqueued last, and `older` the oldest of them if there may be others before it.
    `all_groups` counts those that are not in `groups`, too.
    """

    groups: Sequence[ErrorGroup]
    examples: Sequence[ErrorExample]
    all_groups: int
    read: int
    older: UUID | None
    since: datetime
    until: datetime
