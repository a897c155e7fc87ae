"""A claimed job, as a worker holds it: its payload is still JSON."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from operator import itemgetter
from typing import Any
from uuid import UUID


@dataclass(slots=True, eq=False, weakref_slot=True)
class Claimed:
    """A claimed job, as far as it is known. `attempts` is the number of this attempt, from 1.

    `payload` is JSON text, and so is `headers`, which `stored_headers` reads. `run_at` is in
    microseconds since 2000-01-01 UTC; a `datetime` cannot hold every one. `secrets` exists once the
    job has read a sensitive value. `expires` is how many seconds after the claim the job expires;
    None if it cannot before its start. `start_by` is the monotonic time in seconds until which the
    job may start on this claim. `step` is the step of a generated block that is under way, and
    `calls` counts its calls of each service's method, or else those outside of steps; `turn` is the
    turn of a loop that is under way. `began` says whether an earlier attempt may have stored a
    step. `weight` is for how many jobs it counts in limits.
    """

    token: UUID
    id: UUID
    type: str
    queue: str
    payload: str = "null"
    key: str | None = None
    attempts: int = 0
    max_attempts: int = 0
    priority: int = 0
    rescues: int = 0
    timeout: float | None = None
    expires: float | None = None
    run_at: int = 0
    seq: int = 0
    flow: UUID | None = None
    headers: str | None = None
    fingerprint: str = ""
    began: bool = False
    weight: int = 1
    secrets: set[str] = field(init=False, repr=False)
    start_by: float = field(init=False, repr=False)
    calls: dict[tuple[str, str], int] | None = field(default=None, init=False, repr=False)
    step: str | None = field(default=None, init=False, repr=False)
    turn: str | None = field(default=None, init=False, repr=False)

    @property
    def is_suspect(self) -> bool:
        """Whether the job may have killed its worker; a worker runs one such job at a time."""
        return self.rescues >= 2 or (self.rescues > 0 and self.attempts >= self.max_attempts)

    @property
    def begins_written(self) -> bool:
        """Whether its start is written before it runs: it was rescued, or may have expired."""
        return self.rescues > 0 or self.expires is not None


_NAMES = [each.name for each in fields(Claimed) if each.init and each.name != "token"]
_READ = {
    "payload": "payload::text",
    "attempts": "attempts::bigint + 1",
    "expires": (
        "CASE WHEN expires IS NOT NULL THEN extract(epoch FROM run_at - pg_catalog.now() "
        "+ pg_catalog.make_interval(secs => expires))::float8 END"
    ),
    "weight": "coalesce(weight, 1)",
    "headers": "headers::text",
    "began": "started_at IS NOT NULL",
}
COLUMNS = ", ".join(_READ.get(name, name) for name in _NAMES)
"""SQL of the columns of `jobs` that a claim returns: the fields of `Claimed` after its token."""
_PRIORITY = itemgetter(_NAMES.index("priority"))
_RUN_AT_AND_SEQ = itemgetter(_NAMES.index("run_at"), _NAMES.index("seq"))


class ClaimedBatch:
    """Claimed jobs of one type, queue and timeout that one call of a batch handler runs.

    A job with `rescues` is alone in its batch. The jobs share their `secrets`, because the error of
    a call may hold the secrets of any of them.
    """

    def __init__(self, jobs: list[Claimed]) -> None:
        first = jobs[0]
        self.jobs = jobs
        self.type: str = first.type
        self.queue: str = first.queue
        self.timeout: float | None = first.timeout
        self.rescues: int = first.rescues
        self.secrets: set[str] = set()
        for job in jobs:
            job.secrets = self.secrets


def in_order(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows of `COLUMNS` in the order of their starts: by priority, then time, then call order."""
    ordered = sorted(rows, key=_RUN_AT_AND_SEQ)
    ordered.sort(key=_PRIORITY, reverse=True)
    return ordered
