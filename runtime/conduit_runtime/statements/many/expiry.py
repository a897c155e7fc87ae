"""Cancelling the jobs that have not started in time."""

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias
from uuid import UUID

from ...model.metrics.attempt_counts import Key
from ...postgres.statement import Rows, Statement
from ...postgres.steps import Steps
from .refused import Refused, each_part

PAGE = 1_000
"""The most jobs that one statement cancels."""
IN_ORDER = "SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off"
"""Lets Postgres read a page, however many jobs have expired that its statistics do not know of."""
LOGGED = 100
"""How many jobs that Postgres refuses to cancel are logged, each once."""

Expired: TypeAlias = Counter[Key]
"""How many jobs have expired, by queue and type."""


class KeptJobs(Refused):
    """The expired jobs that Postgres refuses to cancel: they stay pending, and never start."""

    def __init__(self) -> None:
        super().__init__("cancel")
        self._logged: set[UUID] = set()

    def note(self, id: UUID, error: Exception) -> None:
        if id not in self._logged and len(self._logged) < LOGGED:
            self._logged.add(id)
            self.log(id, error)


def expire(expired: Expired, kept: KeptJobs, limit: int = PAGE) -> Steps[bool]:
    """Cancel a page of the jobs that have expired, and add their numbers to `expired`.

    The jobs that wait for them are released as for a cancelled job. Returns whether there may be
    more. Jobs that another transaction has locked are left for the next time.
    """
    ids: Sequence[UUID] = yield Statement(
        "job/expired", {"limit": limit}, lambda rows, count: [id_ for (id_,) in rows]
    )

    def cancel(part: Sequence[UUID]) -> Steps[int]:
        rows: Rows = yield Statement("job/expire", {"ids": [*part]}, lambda rows, count: rows)
        for queue, type_, count, _ in rows:
            expired[queue, type_] += count
        return len(rows)

    return bool((yield from each_part(ids, cancel, kept))) and len(ids) == limit
