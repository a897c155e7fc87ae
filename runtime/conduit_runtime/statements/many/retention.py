"""Which ended jobs are no longer kept. Statements without IO."""

import time
from collections.abc import Sequence
from uuid import UUID

from ...model.job import JobStatus
from ...postgres.statement import Rows, Statement
from .purge import Rule

_LONGEST_SKEW = 86_400.0
"""Seconds by which a clock that made job ids may differ from this one."""


def rules() -> Statement[list[Rule]]:
    """The rules of operators and workers for how long ended jobs are kept."""

    def decode(rows: Rows, count: int) -> list[Rule]:
        found = []
        for queue, completed, failed in rows:
            if completed is not None:
                found += [
                    Rule(queue, status.value, completed)
                    for status in (JobStatus.COMPLETED, JobStatus.CANCELLED)
                ]
            if failed is not None:
                found.append(Rule(queue, JobStatus.FAILED.value, failed))
        return found

    return Statement("worker/retention", {}, decode)


def too_young(rules: Sequence[Rule]) -> tuple[UUID, UUID]:
    """The ids between which every job is younger than the rules say.

    Ids are in the order of time, except those that an application makes itself.
    """
    now = time.time()
    youngest = now - min(rule.age for rule in rules) + _LONGEST_SKEW
    return _id(min(youngest, now)), _id(now + _LONGEST_SKEW)


def _id(seconds: float) -> UUID:
    """The first id of version 7 of this moment."""
    milliseconds = min(max(0, int(seconds * 1000)), 0xFFFF_FFFF_FFFF)
    return UUID(int=milliseconds << 80)
