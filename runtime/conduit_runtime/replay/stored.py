"""What is stored of a job that is replayed."""

import json
from collections.abc import Iterable
from uuid import UUID, uuid4

from ..model.claimed import Claimed
from ..model.job import Job
from ..model.payload import encode
from ..postgres.statement import Rows, Statement
from ..statements.steps import WHOLE
from .steps import Stored


def stored_steps(job: UUID) -> Statement[list[Stored]]:
    """The steps of a job as they are stored, in the order of their ends."""

    def read(rows: Rows, count: int) -> list[Stored]:
        return [
            Stored(name, value or "null", began.timestamp(), ended.timestamp(), attempt, waits)
            for name, attempt, began, ended, value, waits in reversed(rows)
        ]

    return Statement("job/steps", {"id": job, "limit": None}, read, WHOLE)


def as_claimed(job: Job) -> Claimed:
    """A stored job as a handler gets it in its last attempt, or in its first one."""
    return Claimed(
        uuid4(),
        job.id,
        job.type,
        job.queue,
        encode(job.payload),
        job.key,
        attempts=max(job.attempts, 1),
        max_attempts=job.max_attempts,
        flow=job.flow,
        headers=json.dumps(job.headers) if job.headers else None,
        fingerprint=job.fingerprint or "",
        began=True,
    )


def from_first(stored: Iterable[Stored]) -> list[Stored]:
    """The finished steps, with times in seconds from the first begin."""
    finished = [each for each in stored if not each.waits]
    first = min((each.began for each in finished), default=0.0)
    return [
        each._replace(began=round(each.began - first, 6), ended=round(each.ended - first, 6))
        for each in finished
    ]
