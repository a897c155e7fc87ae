"""The rows of the list of jobs, as they may be shown."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from conduit_runtime.model.dashboard.job_filter import JobFilter
from conduit_runtime.model.dashboard.job_line import JobLine
from conduit_runtime.model.text.masking import MASK
from conduit_runtime.payloads.masking import PayloadMask
from conduit_runtime.postgres.steps import Steps
from conduit_runtime.statements.dashboard import bulk, job_list
from conduit_runtime.statements.job_types import known_shapes

from ..masks import Masks, masks_of
from ..page import Visit

_LONGEST = 160
"""The most characters of an error or a payload in a row."""
_ESCAPED = 6
"""How many times longer escapes, as in `\\u00fc`, may make a text."""


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job of the list. `payload` has no sensitive values; it is None if it is large."""

    id: UUID
    type: str
    key: str | None
    queue: str
    status: str
    is_due: bool
    is_unreadable: bool
    is_refused: bool
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
        """The job's status, or for a pending job the kind of pending."""
        if self.status != "pending":
            return self.status
        if self.is_unreadable:
            return "unreadable"
        if self.is_refused:
            return "refused"
        return "pending" if self.is_due else "scheduled"

    @property
    def preview(self) -> str:
        """The beginning of the payload."""
        if not isinstance(self.payload, dict):
            return _cut("a large payload" if self.payload is None else _json(self.payload))
        return _cut(", ".join(f"{name}: {_plain(value)}" for name, value in self.payload.items()))


async def rows_of(visit: Visit, lines: Sequence[JobLine], wanted: JobFilter) -> list[JobRow]:
    """The jobs without their sensitive values.

    If an error matches only in its hidden part, the job is left out: it would reveal that part.
    """
    masks = await masks_of(visit, {line.type for line in lines})
    masked = [(line, masks.of(line.type, line.fingerprint)) for line in lines]
    return await asyncio.to_thread(
        lambda: [_row(line, mask) for line, mask in masked if _is_shown(line, mask, wanted)]
    )


def shown_of(wanted: JobFilter) -> bulk.Shown | None:
    """A function that leaves out the jobs that `rows_of` leaves out; None if it leaves out none."""
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
    """Whether the error of a matching job also matches without its hidden values."""
    if wanted.error is None or not mask.hides_some:
        return True
    return wanted.error.lower() in (_error(line, mask) or "").lower()


def _error(line: JobLine, mask: PayloadMask) -> str | None:
    """The error, as far as it was read, without hidden values."""
    if line.error is None or not mask.hides_some:
        return line.error
    masked = MASK if line.payload is None else mask.text(line.error, line.payload)
    if masked == MASK or len(line.error) < job_list.LONGEST_ERROR:
        return masked
    # The end of a cut error may be the beginning of a hidden value, so it is left out.
    longest = max(map(len, mask.texts(line.payload)), default=0)
    return masked[: max(0, len(masked) - _ESCAPED * longest)]


def _row(line: JobLine, mask: PayloadMask) -> JobRow:
    error = _error(line, mask)
    return JobRow(
        line.id,
        line.type,
        line.key,
        line.queue,
        line.status,
        line.is_due,
        line.is_unreadable,
        line.is_refused,
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
