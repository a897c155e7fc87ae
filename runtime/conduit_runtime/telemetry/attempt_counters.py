"""Counts the outcomes of the attempts of one process, a batch at a time."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import cast

from ..model.claimed import Claimed
from ..model.job import JobStatus
from ..model.metrics.attempt_counts import AttemptCounters, Key
from ..model.metrics.histogram import bucket_of, count_into
from ..statements.outcomes import Attempt

_EPOCH = 946_684_800
"""Unix time of the moment from which Postgres counts its microseconds."""
SAMPLE = 50
"""Jobs of a batch whose wait is measured; in a larger batch each counts for several."""


class Recorder:
    """Tallies by queue and type since the pool was made. `record` belongs to one thread.

    Other threads may read at any time; the counts that they see are at most a batch behind.
    """

    def __init__(self) -> None:
        self._counters: dict[Key, AttemptCounters] = {}
        self.written: dict[Key, AttemptCounters] = {}
        """The values of the counters when they were last flushed; the flusher owns them."""
        self.server_offset: float | None = None
        """Unix time of the server's clock less the monotonic one; None until it is known."""

    def all_counters(self) -> list[tuple[Key, AttemptCounters]]:
        """Every type's counters, which go on counting."""
        return list(self._counters.items())

    def counters(self, queue: str, type: str) -> AttemptCounters:
        """The counters of a type in a queue, created if need be."""
        key = (queue, type)
        counters = self._counters.get(key)
        if counters is None:
            counters = self._counters[key] = AttemptCounters()
        return counters

    def record(self, attempts: Sequence[Attempt]) -> None:
        """Count attempts whose outcomes are written; either all of them completed, or none did."""
        completed = attempts[0].outcome is None
        if not completed:
            attempts = [attempt for attempt in attempts if not _is_released(attempt)]
        weight = len(attempts) // SAMPLE + 1
        for (queue, type_), group in by_key(attempts):
            counters = self.counters(queue, type_)
            if completed:
                counters.succeeded += len(group)
            else:
                group = [attempt for attempt in group if _count(counters, attempt)]
            lasted = [attempt.elapsed for attempt in group]
            counters.duration += sum(lasted)
            count_into(counters.durations, lasted)
            if group and self.server_offset is not None:
                _record_waits(counters, group, weight, self.server_offset)


def _is_released(attempt: Attempt) -> bool:
    outcome = attempt.outcome
    return outcome is not None and not outcome.counted and outcome.delay is None


def by_key(attempts: Sequence[Attempt]) -> Iterable[tuple[Key, Sequence[Attempt]]]:
    """The attempts by queue and type."""
    jobs = [attempt.job for attempt in attempts]
    types = [job.type for job in jobs]
    if len(set(types)) == 1 and len({job.queue for job in jobs}) == 1:
        return [((jobs[0].queue, types[0]), attempts)]
    groups: defaultdict[Key, list[Attempt]] = defaultdict(list)
    for attempt, job, type_ in zip(attempts, jobs, types, strict=True):
        groups[job.queue, type_].append(attempt)
    return groups.items()


def _count(counters: AttemptCounters, attempt: Attempt) -> bool:
    """Count an attempt that did not complete; returns whether its duration counts."""
    outcome = attempt.outcome
    assert outcome is not None
    if outcome.is_snooze:
        counters.snoozed += 1
        return False
    counters.failed += 1
    counters.retried += outcome.status is JobStatus.PENDING
    counters.discarded += outcome.discarded
    return attempt.started is not None


def _record_waits(
    counters: AttemptCounters, group: Sequence[Attempt], weight: int, offset: float
) -> None:
    """Measure one in `weight` attempts; it counts for the attempts up to the next one, too."""
    left = len(group)
    for attempt in group[::weight]:
        weight = min(weight, left)
        left -= weight
        if attempt.started is not None:
            job = cast("Claimed", attempt.job)
            wait = max(0.0, attempt.started + offset - (job.run_at / 1e6 + _EPOCH))
            counters.wait += wait * weight
            counters.waits[bucket_of(wait)] += weight
