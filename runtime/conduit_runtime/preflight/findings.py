"""The jobs that wait in a database, and whether workers with these packages would run them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ..model import payload
from ..model.lanes import original
from ..model.schedules.schedule import Schedule
from ..statements import preflight, schedules
from ..statements.preflight import LaneJobs
from ..worker.run.handlers import HandlerRegistry
from .lost_calls import LostCalls
from .missing_columns import missing_columns
from .readers import Readers, Verdict
from .reading import Snapshot
from .stopped import stopped

_PATIENCE = 1_500
"""Milliseconds for counting all pending jobs: enough for millions on a table that is vacuumed."""
_SOME = 50_000
"""How many jobs are counted if counting all takes longer."""
_SAMPLE = 20
"""The most payloads that are tried for the jobs of one finding."""
_AT_ONCE = 50
"""Findings whose payloads are read together."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Jobs that share type, shape, queue and status, or the next job of a schedule.

    Jobs behind whose finished steps the code cannot go on, or may not, have a finding of their own.

    `status` is pending, scheduled (not due yet), blocked or running. If `is_more`, there are more
    `jobs` than were counted. If `is_stranded`, no worker with these packages would run them.
    """

    type: str
    fingerprint: str
    queue: str
    status: str
    jobs: int
    is_more: bool
    oldest_seconds: float
    verdict: Verdict
    problem: str = ""

    @property
    def is_stranded(self) -> bool:
        """Whether no worker would run them."""
        return self.verdict.reads == "no" or self.problem != ""

    @property
    def message(self) -> str:
        """What reads the payloads, or what keeps workers from running the jobs."""
        more = f"at least {self.jobs} jobs" if self.is_more else ""
        return "; ".join(filter(None, [self.verdict.message, self.problem, more]))


def find(
    database: Snapshot,
    handlers: HandlerRegistry,
    served: Collection[str],
    given: Iterable[Schedule] = (),
    some: int = _SOME,
) -> list[Finding]:
    """Find what happens to each job if only workers with these handlers and queues run.

    `given` are the schedules that workers add at their start; they replace stored schedules of the
    same name. If counting all jobs takes too long, about `some` are counted.
    """
    lost_calls = LostCalls(database, handlers)
    readers = Readers(handlers, missing_columns(database, handlers), lost_calls.of)
    pending = database.read_within(_PATIENCE, preflight.pending())
    if pending is None:
        pending = database.read(preflight.pending(some))
    lanes = [*pending, *database.read(preflight.blocked_and_running())]
    found = [*_of_lanes([*_grouped(lanes, readers)], readers, served, database)]
    for lane, problem, is_unsure in stopped(database, handlers):
        apart = _of_lane(lane, readers, served, [])
        verdict = Verdict("no", problem)
        if is_unsure:
            said = [apart.verdict.message, f"some may wait: {problem}"]
            verdict = Verdict(apart.verdict.reads, "; ".join(filter(None, said)))
        _set_apart(replace(apart, verdict=verdict), found)
    stored = {schedule.name: schedule for schedule, _ in database.read(schedules.read(None))}
    stored |= {schedule.name: schedule for schedule in given}
    found += [
        finding
        for schedule in stored.values()
        if schedule.enabled and (finding := _of_schedule(schedule, readers, served)).is_stranded
    ]
    return sorted(found, key=lambda each: (each.type, each.fingerprint, each.queue, each.status))


def _set_apart(some: Finding, found: list[Finding]) -> None:
    """Add a finding about some of the jobs of another, unless these are stranded anyway."""
    key = (some.type, some.fingerprint, some.queue, some.status)
    for place, each in enumerate(found):
        if (each.type, each.fingerprint, each.queue, each.status) == key and not each.is_stranded:
            rest = [replace(each, jobs=each.jobs - some.jobs)] if each.jobs > some.jobs else []
            found[place : place + 1] = [*rest, some]
            return


def _grouped(lanes: Sequence[LaneJobs], readers: Readers) -> Iterator[LaneJobs]:
    """Merge the lanes that differ only in priority or in readers that do not matter."""
    groups: dict[tuple[str, ...], list[LaneJobs]] = {}
    for lane in lanes:
        shape = readers.merged(lane.type, lane.fingerprint)
        groups.setdefault((lane.queue, lane.type, shape, lane.status), []).append(lane)
    for (queue, type_, shape, status), members in groups.items():
        yield LaneJobs(
            queue,
            type_,
            shape,
            status,
            sum(each.jobs for each in members),
            any(each.is_more for each in members),
            max(each.age for each in members),
            [id_ for each in members for id_ in each.ids],
        )


def _of_lanes(
    lanes: Sequence[LaneJobs], readers: Readers, served: Collection[str], database: Snapshot
) -> Iterator[Finding]:
    """Make the findings of lanes; read many lanes' payloads at once, as each trip may be slow."""
    for start in range(0, len(lanes), _AT_ONCE):
        several = lanes[start : start + _AT_ONCE]
        ids = [
            id_
            for lane in several
            if not readers.knows(lane.type, lane.fingerprint)
            for id_ in lane.ids[:_SAMPLE]
        ]
        texts = database.read(preflight.payloads(ids)) if ids else {}
        for lane in several:
            payloads = [texts[id_] for id_ in lane.ids[:_SAMPLE] if id_ in texts]
            yield _of_lane(lane, readers, served, payloads)


def _of_lane(
    lane: LaneJobs, readers: Readers, served: Collection[str], payloads: Sequence[str]
) -> Finding:
    return Finding(
        lane.type,
        original(lane.fingerprint),
        lane.queue,
        lane.status,
        lane.jobs,
        lane.is_more,
        round(max(0.0, lane.age), 3),
        readers.verdict(lane.type, lane.fingerprint, payloads),
        _unserved(lane.queue, served),
    )


def _of_schedule(schedule: Schedule, readers: Readers, served: Collection[str]) -> Finding:
    verdict = readers.verdict(schedule.type, "", [payload.encode(schedule.payload)])
    message = f"the schedule {schedule.name}"
    return Finding(
        schedule.type,
        "",
        schedule.queue,
        "scheduled",
        1,
        False,
        0.0,
        Verdict(verdict.reads, ": ".join(filter(None, [message, verdict.message]))),
        _unserved(schedule.queue, served),
    )


def _unserved(queue: str, served: Collection[str]) -> str:
    return "" if queue in served else f"no worker serves the queue {queue}: add --queue {queue}"
