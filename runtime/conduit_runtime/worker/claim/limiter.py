"""Which jobs operators and limits let a worker claim now."""

import random
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

import psycopg

from ...model.claimed import Claimed
from ...model.lanes import Lane
from ...model.queues.controls import Controls
from ...postgres.connection import ReconnectingConnection
from ...postgres.refusals import may_concern_a_row
from ...postgres.steps import run_steps_async
from ...statements.claims import BY_WORKERS
from ...statements.limits.limited_claims import Counted, Wanted, claim_within
from ...statements.outcomes import Attempt, Corrected
from ..timing import Timing
from .refused_claims import RefusedClaims

T = TypeVar("T")

_TURN = 0.002
"""About how many seconds another worker's claim takes."""


class Limiter:
    """Knows which queues are paused, and which queues and types may start no more jobs now.

    If nothing is paused or limited, it allows everything. What is full is claimed again after a
    while, if none of its jobs ends here before; so is what other transactions hold. All methods
    belong to the worker's loop.
    """

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self.controls = Controls()
        self._queues: dict[str, float] = {}
        self._types: dict[str, float] = {}
        self._full: set[str] = set()
        self._full_types: set[str] = set()
        self._misses = 0
        self._freed_keys: set[str] = set()
        self._again = float("inf")
        self._is_corrected = False
        self.has_more = False

    def apply(self, controls: Controls) -> None:
        self.controls = controls
        self._queues.clear()
        self._types.clear()
        self._full.clear()
        self._full_types.clear()
        self._again = float("inf")

    def claimable(self, queues: Iterable[str]) -> list[str]:
        """The queues from which a new job could be claimed."""
        return [q for q in queues if q not in self.controls.paused and q not in self._full]

    def claimable_now(self, queues: Mapping[str, T]) -> Mapping[str, T]:
        """The queues that may be claimed from now."""
        if not (self.controls.paused or self.controls.limited):
            return queues
        self._expire()
        shut = {*self.controls.paused, *self._queues}
        return {queue: queues[queue] for queue in queues if queue not in shut}

    def split_queues(self, queues: Mapping[str, T]) -> tuple[Mapping[str, T], Mapping[str, T]]:
        """The queues without a limit, and those with one."""
        limited = self.controls.limited
        if not limited:
            return queues, {}
        return (
            {queue: queues[queue] for queue in queues if queue not in limited},
            {queue: queues[queue] for queue in queues if queue in limited},
        )

    def split_lanes(self, lanes: Sequence[Lane]) -> tuple[Sequence[Lane], Sequence[Lane]]:
        """The lanes of types without a limit, and of types with a limit that may start now."""
        limited = self.controls.limited_types
        if not limited:
            return lanes, ()
        self._expire()
        return (
            [lane for lane in lanes if lane[0] not in limited],
            [lane for lane in lanes if lane[0] in limited and lane[0] not in self._types],
        )

    def pause(self) -> float:
        """Seconds until what is shut opens again, or is held now; infinite when nothing is."""
        times = (*self._queues.values(), *self._types.values(), self._again)
        return max(0.0, min(times) - time.monotonic())

    def on_ended(self, attempts: Sequence[Attempt], held: Sequence[Attempt]) -> bool:
        """Note that these attempts ended; returns whether that may let other jobs start.

        A job that is no longer `held` freed the slot of its queue and type before.
        """
        if not self.controls.has_limits:
            return False
        keys = {
            attempt.job.key
            for attempt in attempts
            if attempt.job.key is not None
            and (
                attempt.job.type in self.controls.limited_types
                or attempt.job.queue in self.controls.limited
            )
        }
        self._freed_keys |= keys
        queues = self._full.intersection(attempt.job.queue for attempt in held)
        types = self._full_types.intersection(attempt.job.type for attempt in held)
        self._full -= queues
        self._full_types -= types
        # A correction may have opened them before.
        for queue in queues:
            self._queues.pop(queue, None)
        for type_ in types:
            self._types.pop(type_, None)
        self.has_more = self.has_more or bool(types or keys)
        return bool(queues or types or keys)

    def on_corrected(self, job: Corrected) -> bool:
        """Note the new weight of a running job; returns whether it may let other jobs start."""
        if job.more >= 0:
            return False
        if job.type not in self.controls.limited_types and job.queue not in self.controls.limited:
            return False
        self._queues.pop(job.queue, None)
        self._types.pop(job.type, None)
        self._is_corrected = True
        if job.key is not None:
            self._freed_keys.add(job.key)
        self.has_more = True
        return True

    def on_room(self) -> None:
        """Note that another worker corrected the weight of a job: a rate may have room again."""
        self._types.clear()
        self._is_corrected = True

    async def claim(
        self,
        connection: ReconnectingConnection,
        worker: str,
        sizes: Mapping[str, int],
        lanes: Sequence[Lane],
        limit: int,
        most: int,
        refused: RefusedClaims,
    ) -> list[Claimed]:
        """Claim within the limits: one transaction of a few statements.

        Of jobs with limits by key alone, at most `most` are claimed instead of `limit`.
        """
        types = self.controls.limited_types.intersection(type_ for type_, _ in lanes)
        limited = self.controls.limited.intersection(sizes)
        freed, self._freed_keys = self._freed_keys, set()
        wanted = Wanted(sizes, lanes, limit, sorted(limited), sorted(types), most, freed)
        self.has_more = self._is_corrected = False
        self._again = float("inf")
        controls = self.controls
        skipped = refused.skipped()
        try:
            counted = await _claim(connection, worker, wanted, skipped)
            is_apart = not counted.jobs and refused.looks_closer(self)
        except psycopg.Error as error:
            if not may_concern_a_row(error):
                raise
            is_apart = True
        if is_apart:
            counted = await _claim(connection, worker, wanted, skipped, apart=True)
            refused.note(counted.refused)
        self.has_more = counted.more
        if self.controls is controls:  # not what may hold no longer
            self._learn(counted)
        self._freed_keys |= counted.held
        if counted.busy_queues or counted.busy_types:
            self._freed_keys |= freed
        return counted.jobs

    def _learn(self, counted: Counted[Claimed]) -> None:
        now = time.monotonic()
        if counted.held:
            self._again = now + self._timing.locked
        is_busy = counted.busy_queues or counted.busy_types
        self._misses = min(self._misses + 1, 8) if is_busy else 0
        again = now + _TURN * 2**self._misses * random.uniform(0.5, 1.0)  # noqa: S311
        self._full |= counted.full
        self._full_types |= counted.full_types
        self._queues |= dict.fromkeys(counted.full, now + self._timing.full)
        self._queues |= dict.fromkeys(counted.busy_queues, again)
        self._types |= dict.fromkeys(counted.busy_types, again)
        self._types |= dict.fromkeys(counted.full_types, now + self._timing.full)
        for type_, seconds in counted.exhausted.items():
            # The claim may have counted before a correction.
            self._types[type_] = again if self._is_corrected else now + seconds
            self._full_types.discard(type_)

    def _expire(self) -> None:
        now = time.monotonic()
        for shut in (self._queues, self._types):
            for name in [name for name, until in shut.items() if until <= now]:
                del shut[name]
        if self._again <= now:
            self._again, self.has_more = float("inf"), True
        self._full.intersection_update(self._queues)
        self._full_types.intersection_update(self._types)


async def _claim(
    connection: ReconnectingConnection,
    worker: str,
    wanted: Wanted,
    skipped: Collection[UUID],
    *,
    apart: bool = False,
) -> Counted[Claimed]:
    opened = await connection.open()
    async with opened.transaction():
        steps = claim_within(BY_WORKERS, worker, wanted, waits=False, apart=apart, skipped=skipped)
        return await run_steps_async(steps, connection.run)
