"""What needs attention: findings of `conduit-jobs doctor` about jobs, and failing types."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from shlex import quote
from typing import TypeVar

from conduit_runtime.doctor import backlogs, history, refused_claims, snapshots, waiting, workers
from conduit_runtime.doctor import schedules as schedule_checks
from conduit_runtime.doctor.finding import Finding, Severity, error, warning
from conduit_runtime.model.dashboard.attempts import OverdueAttempts, RecentAttempts
from conduit_runtime.model.schedules.schedule import Schedule
from conduit_runtime.model.text.durations import in_words
from conduit_runtime.model.workers.worker_info import WorkerInfo
from conduit_runtime.postgres.statement import Statement
from conduit_runtime.statements import doctor, schedules
from conduit_runtime.statements.dashboard import overview
from conduit_runtime.statements.limits import type_limits

from .errors import BadRequest, TooSlow
from .masks import masks_of
from .page import Visit
from .queue_rows import QueueRow
from .rendering.texts import counted_jobs

T = TypeVar("T")

MOST_ALIKE = 25
"""The most concerns of one kind that the page shows."""
_FRESH = 4.0
"""Seconds for which read data is used again."""
_FAILURES = 5
"""The most failed attempts of a type within an hour that are no concern."""
_SHARE = 0.1
"""The share of failed attempts from which a type is a concern."""
_SLOW = 1.0
"""The mean seconds from which a type is slow, if it takes half of the time of a queue."""
_SELDOM = 60.0
"""Seconds for which the size of the history is used again."""

_REFUSED = "Postgres refused the claim"

_PAGES: dict[str, tuple[str, dict[str, str]]] = {
    "unreadable-jobs": ("/jobs", {"status": "unreadable"}),
    "refused-claims": ("/jobs", {"status": "refused"}),
    "paused-queue": ("/queues", {}),
    "backlog": ("/jobs", {"status": "due"}),
    "concurrency-limit": ("/jobs", {"status": "due"}),
    "rate-limit": ("/jobs", {"status": "due"}),
    "flooding-key": ("/jobs", {"status": "due"}),
    "held-key": ("/jobs", {}),
    "slow-type": ("/types", {}),
    "endless-history": ("/queues", {}),
    "queue-without-worker": ("/jobs", {"status": "due"}),
    "unhandled-type": ("/jobs", {"status": "due"}),
    "stuck-jobs": ("/jobs", {"status": "running"}),
    "kept-threads": ("/jobs", {"status": "running"}),
    "overdue-attempts": ("/jobs", {"status": "running"}),
    "failing-type": ("/errors", {}),
    "dead-worker": ("/workers", {}),
    "schedule-without-code": ("/schedules", {}),
    "failing-schedule": ("/schedules", {}),
    "overdue-schedule": ("/schedules", {}),
}
"""The page that shows more of each finding. Findings about the server have none."""

_FIELDS = {"schedule": "name"}
"""What the addresses of pages call a part of a finding that it names otherwise."""

_TO_DO = {
    "unreadable-jobs": "deploy code that reads them (conduit-jobs preflight PACKAGE says whether "
    "newer code does), or open one, edit its payload and enqueue it again",
    "refused-claims": "change the constraint or trigger of yours that their errors name, or what "
    "the jobs hold; workers try each again within a minute and a half",
    "paused-queue": "resume it on the page that this leads to",
    "unhandled-type": "deploy code that has it, or cancel all jobs on the page that this leads to",
    "schedule-without-code": "deploy code that has it, or disable it on the page that this leads "
    "to",
}
"""Actions that the dashboard offers in place of the commands that `conduit-jobs doctor` names."""


@dataclass(frozen=True, slots=True)
class Concern:
    """A problem that needs attention: what, where, what to do, and the page that shows more.

    `action` is for readers of the dashboard, `command` for those who have a shell.
    """

    code: str
    severity: Severity
    message: str
    where: str
    action: str
    command: str
    page: str | None = None
    query: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Attention:
    """The concerns, errors first and like ones together, and how many more there are."""

    concerns: list[Concern]
    more: int


class Checks:
    """Reads the data of the overview. It notes and leaves out what cannot be read in time."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self.not_checked: list[str] = []

    async def read(
        self, name: str, statement: Statement[T], otherwise: T, seconds: float = _FRESH
    ) -> T:
        """The result of the statement, at most `seconds` old, or `otherwise` as in `part`."""
        patience = self._visit.bounds.patience
        reading = self._visit.database.recent(statement, seconds=seconds, limit=patience)
        return await self.part(name, reading, otherwise)

    async def part(self, name: str, reading: Awaitable[T], otherwise: T) -> T:
        """What is read, or `otherwise` if reading takes too long or is refused."""
        try:
            return await reading
        except (TooSlow, BadRequest):
            self.not_checked.append(name)
            return otherwise


async def attention(
    visit: Visit,
    checks: Checks,
    recent: Sequence[RecentAttempts],
    registered: Sequence[WorkerInfo],
    queues: Sequence[QueueRow],
) -> Attention:
    """Run all checks, with these attempts of the last hour, workers and queues."""
    limits = visit.bounds.limits
    late = limits.late
    lanes = await checks.read("waiting jobs", doctor.waiting(late), [])
    found = [*waiting.judge(lanes, late)]
    rooms = await checks.read("room in limits", doctor.rooms(lanes), {})
    behind = [*backlogs.judge([each.backlog for each in queues], lanes, rooms, found, late)]
    found += backlogs.judge_limits(lanes, rooms, late)
    rates = await checks.read("rate limits", type_limits.rate_limits(), [])
    found += backlogs.judge_rates(lanes, rates, late)
    keys = await checks.read("keys of due jobs", backlogs.main_keys(behind), [])
    found += backlogs.judge_keys(keys)
    held_keys = await checks.read("held keys", doctor.held_keys(late), [], _SELDOM)
    found += waiting.judge_held(held_keys)
    found += judge_slow(behind, recent)
    found += behind
    refused = await checks.read("refused claims", doctor.refused(), [])
    # The list shows the reasons without sensitive values.
    found += refused_claims.judge(each._replace(reason=_REFUSED) for each in refused)
    found += workers.judge_stuck(await checks.read("stuck jobs", doctor.stuck(late), []))
    overdue = await checks.read("overdue attempts", overview.overdue_attempts(), [])
    found += judge_overdue(overdue)
    found += judge_types(recent)
    found += workers.judge([*registered], late)
    timed = await checks.read("schedules", schedules.read(None), [])
    found += schedule_checks.judge_overdue(timed, late)
    stored = [schedule for schedule, _ in timed]
    failing = [schedule for schedule in stored if schedule.failures]
    found += schedule_checks.judge_failures(await _masked(visit, failing))
    enabled = [schedule for schedule in stored if schedule.enabled]
    live = (
        await checks.read("types of schedules", doctor.live_types(late), None) if enabled else None
    )
    found += schedule_checks.judge(enabled, live) if live is not None else ()
    blocking = await checks.read("held locks", doctor.blocking(limits.lock), [])
    found += snapshots.judge_locks(blocking)
    kept = await checks.read("size of the history", doctor.kept_for_ever(), [], _SELDOM)
    found += history.judge(kept, limits.history)
    held = await checks.read("held snapshots", doctor.held_snapshots(limits.snapshot), [])
    found += snapshots.judge(held)
    if any(each.kind == "hidden" for each in held):
        checks.not_checked.append("snapshots of other roles, which this role may not see")
    return chosen([*ordered(found)])


async def _masked(visit: Visit, failing: Sequence[Schedule]) -> list[Schedule]:
    """The schedules without sensitive values of their payloads in their errors."""
    if not failing:
        return []
    masks = await masks_of(visit, (each.type for each in failing))
    return await asyncio.to_thread(
        lambda: [
            replace(each, error=masks.of(each.type, "").text(each.error or "", each.payload))
            for each in failing
        ]
    )


def ordered(findings: Iterable[Finding]) -> Iterator[Concern]:
    """The errors first, then by kind, each with the page that shows more of it."""
    found = [*findings]
    first = {each.code: at for at, each in reversed([*enumerate(found)])}
    for each in sorted(found, key=lambda each: (each.severity != "error", first[each.code])):
        page, query = _PAGES.get(each.code, (None, {}))
        message = each.message[:1].upper() + each.message[1:]
        yield Concern(
            each.code,
            each.severity,
            message,
            each.where,
            _TO_DO.get(each.code, each.action),
            each.action,
            page,
            {**query, **{_FIELDS.get(name, name): value for name, value in each.about.items()}},
        )


def chosen(concerns: Sequence[Concern]) -> Attention:
    """The concerns without those of a kind after the first MOST_ALIKE."""
    shown = [each for group in alike(concerns) for each in group[:MOST_ALIKE]]
    return Attention(shown, len(concerns) - len(shown))


def alike(concerns: Iterable[Concern]) -> list[list[Concern]]:
    """The concerns, each with those of its kind that follow it."""
    return [[*group] for _, group in groupby(concerns, lambda each: (each.severity, each.code))]


def judge_types(recent: Iterable[RecentAttempts]) -> Iterator[Finding]:
    """Find the types of which a tenth or more of the last hour's attempts failed."""
    ended, failed = Counter[str](), Counter[str]()
    for each in recent:
        ended[each.type] += each.succeeded + each.failed
        failed[each.type] += each.failed
    for type_, failures in failed.most_common():
        if failures >= _FAILURES and failures >= _SHARE * ended[type_]:
            share = failures / ended[type_]
            yield (error if share >= 0.5 else warning)(
                "failing-type",
                f"{failures:,} of {ended[type_]:,} attempts at jobs of {type_} failed in the last "
                f"hour ({share:.0%})",
                f"type {type_}",
                "look at its errors",
                type=type_,
            )


def judge_slow(behind: Iterable[Finding], recent: Iterable[RecentAttempts]) -> Iterator[Finding]:
    """Find the slow types that take most of the time of the workers of queues with a backlog."""
    of_queue: dict[str, list[RecentAttempts]] = {}
    for each in recent:
        of_queue.setdefault(each.queue, []).append(each)
    for queue in (backlog.about["queue"] for backlog in behind):
        ran = of_queue.get(queue, [])
        slowest = max(ran, key=lambda each: each.seconds, default=None)
        if slowest is None or 2 * slowest.seconds < sum(each.seconds for each in ran):
            continue
        ended = slowest.succeeded + slowest.failed
        if ended and slowest.seconds / ended >= _SLOW:
            yield warning(
                "slow-type",
                f"attempts at jobs of {slowest.type} took {in_words(slowest.seconds / ended)} on "
                f"average in the last hour, most of the time of the queue {queue}",
                f"type {slowest.type}",
                "see what it calls, and whether that is slow; while it is, more slots: "
                f"conduit-jobs worker PACKAGE --queue {quote(queue)} --concurrency N",
                queue=queue,
                type=slowest.type,
            )


def judge_overdue(overdue: Iterable[OverdueAttempts]) -> Iterator[Finding]:
    """Find the attempts that still run after their timeout."""
    for each in overdue:
        yield warning(
            "overdue-attempts",
            f"the worker {each.worker} still runs {counted_jobs(each.jobs)} of {each.type}, "
            f"{in_words(each.seconds)} after the end of their time",
            f"type {each.type}",
            "see what it does; cancel it, or restart the worker",
            type=each.type,
        )
