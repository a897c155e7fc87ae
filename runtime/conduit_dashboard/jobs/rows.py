"""The rows of the list of jobs, as they may be shown."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from conduit_runtime.model.dashboard.job_filter import JobFilter
from conduit_runtime.model.dashboard.job_line import JobCount, JobLine, JobLines
from conduit_runtime.model.text.masking import MASK
from conduit_runtime.payloads.masking import PayloadMask
from conduit_runtime.postgres.steps import Steps
from conduit_runtime.statements.dashboard import bulk, job_list
from conduit_runtime.statements.dashboard.ids import first_id
from conduit_runtime.statements.job_types import known_shapes

from ..errors import TooSlow
from ..masks import Masks, masks_of
from ..page import Visit
from ..rendering.actions import jobs

ROWS = 50
"""Jobs of a page."""
_COUNT_SECONDS = 1.0
"""After how many seconds a count is given up."""
_KEPT = 30.0
"""Seconds for which a count that was capped is shown again."""
_LONGEST = 160
"""Characters of an error or a payload in a row."""
_ESCAPED = 6
"""How many times longer a text may be with escapes, as in `\\u00fc`."""
_AROUND = timedelta(minutes=10)
"""How much older than its id, whose time a client's clock told, a job may be."""
_LONG_AGO = timedelta(days=36_500)
_BEYOND = timedelta(days=1)
"""How much younger than its id a job may be: it was made long before it was enqueued."""


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job of the list. `payload` is without sensitive values, and None for a large one."""

    id: UUID
    type: str
    queue: str
    status: str
    is_due: bool
    is_unreadable: bool
    priority: int
    attempts: int
    max_attempts: int
    error: str | None
    worker: str | None
    payload: Any
    created_at: datetime
    run_at: datetime
    started_at: datetime | None
    completed_at: datetime | None

    @property
    def state(self) -> str:
        """Its status, or which of the pending ones it is."""
        if self.status != "pending":
            return self.status
        if self.is_unreadable:
            return "unreadable"
        return "pending" if self.is_due else "scheduled"

    @property
    def preview(self) -> str:
        """The begin of its payload."""
        if not isinstance(self.payload, dict):
            return _cut("a large payload" if self.payload is None else _json(self.payload))
        return _cut(", ".join(f"{name}: {_plain(value)}" for name, value in self.payload.items()))


async def find_jobs(
    visit: Visit, wanted: JobFilter, before: UUID | None
) -> tuple[JobLines, JobCount | None]:
    """The newest jobs that match, from bounded searches, and how many match if these tell."""
    few = job_list.few(wanted, ROWS, before)
    if few is not None and wanted.status == "running":
        found = await visit.read(few)
        if found.lines is not None:
            return found.lines, found.count
    lines = await visit.read(job_list.scan(wanted, ROWS, before))
    if lines.ended_at is None:
        is_all = before is None and lines.next is None
        return lines, JobCount(len(lines.jobs), len(lines.jobs), True) if is_all else None
    if few is not None and wanted.status != "running":
        found = await visit.read(few)
        if found.lines is not None:
            return found.lines, found.count
    now = datetime.now(UTC)
    if wanted.newer is not None and lines.ended_at < now - min(wanted.newer, _LONG_AGO) - _BEYOND:
        return JobLines(lines.jobs, None), None
    if wanted.older is not None and not lines.jobs and lines.next is not None:
        # The ids of all matching jobs are those of an earlier time, unless somebody set their age.
        first = first_id(now - min(wanted.older, _LONG_AGO) + _AROUND)
        if first < lines.next:
            older = job_list.scan(wanted, ROWS, first)
            return await visit.read(older), None
    return lines, None


async def count_jobs(visit: Visit, wanted: JobFilter) -> JobCount | None:
    """How many jobs match, as far as it is counted; None when that takes too long.

    A search in errors is not counted: Postgres would count what is hidden in them as well.
    """
    if wanted.error is not None:
        return None
    count = visit.database.recent(
        job_list.count(wanted),
        seconds=_KEPT,
        limit=_COUNT_SECONDS,
        keeps=lambda found: not found.is_complete,
    )
    try:
        return await count
    except TooSlow:
        return None


def in_words(count: JobCount | None, *, is_filtered: bool, is_counted: bool = True) -> str:
    """As in `37 jobs match.`, `More than 100,000 jobs.`."""
    if not is_counted:
        return "Only errors as they are shown are searched, so these jobs are not counted."
    if count is None:
        return "It takes too long to count these jobs."
    if not count.is_complete and count.found < count.looked_at:
        if not count.found:
            return f"None of the newest {count.looked_at:,} jobs matches."
        return f"At least {jobs(count.found)}: the newest {count.looked_at:,} were counted."
    words = jobs(count.found) if count.found else "No job"
    verb = "" if not is_filtered else " matches" if count.found < 2 else " match"
    return f"{words}{verb}." if count.is_complete else f"More than {words}{verb}."


async def rows_of(visit: Visit, lines: Sequence[JobLine], wanted: JobFilter) -> list[JobRow]:
    """The jobs without their sensitive values.

    A job whose error only matches where that is hidden is left out: it would tell a hidden value.
    """
    masks = await masks_of(visit, {line.type for line in lines})
    masked = [(line, masks.of(line.type, line.fingerprint)) for line in lines]
    return [_row(line, mask) for line, mask in masked if _is_shown(line, mask, wanted)]


def shown_of(wanted: JobFilter) -> bulk.Shown | None:
    """Leaves out the jobs that `rows_of` leaves out; None if there are none."""
    if wanted.error is None:
        return None

    def shown(ids: Sequence[UUID]) -> Steps[Sequence[UUID]]:
        lines: Sequence[JobLine] = yield job_list.these(ids)
        masks = Masks((yield known_shapes(sorted({line.type for line in lines}))))
        return [
            line.id
            for line in lines
            if _is_shown(line, masks.of(line.type, line.fingerprint), wanted)
        ]

    return shown


def _is_shown(line: JobLine, mask: PayloadMask, wanted: JobFilter) -> bool:
    """Whether the error of a job that matches does so without what is hidden in it."""
    if wanted.error is None or not mask.hides_some:
        return True
    return wanted.error.lower() in (_error(line, mask) or "").lower()


def _error(line: JobLine, mask: PayloadMask) -> str | None:
    """The error as far as it is read, without what is hidden."""
    if line.error is None or not mask.hides_some:
        return line.error
    masked = MASK if line.payload is None else mask.text(line.error, line.payload)
    if masked == MASK or len(line.error) < job_list.LONGEST_ERROR:
        return masked
    # A hidden value may have been cut in two: what may be the begin of one is left out.
    longest = max(map(len, mask.texts(line.payload)), default=0)
    return masked[: max(0, len(masked) - _ESCAPED * longest)]


def _row(line: JobLine, mask: PayloadMask) -> JobRow:
    error = _error(line, mask)
    return JobRow(
        line.id,
        line.type,
        line.queue,
        line.status,
        line.is_due,
        line.is_unreadable,
        line.priority,
        line.attempts,
        line.max_attempts,
        None if error is None else _cut(error.partition("\n")[0]),
        line.worker,
        None if line.payload is None else mask.payload(line.payload),
        line.created_at,
        line.run_at,
        line.started_at,
        line.completed_at,
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
