"""Finds and counts the jobs of a filter, by bounded searches."""

import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

from conduit_runtime.model.dashboard.job_filter import BY_ID, BY_VALUE, JobFilter
from conduit_runtime.model.dashboard.job_line import JobCount, JobLines
from conduit_runtime.postgres.steps import run_steps_async
from conduit_runtime.statements.dashboard import bulk, job_list
from conduit_runtime.statements.dashboard.ids import LEAST, first_id
from conduit_runtime.statements.many.changes import JobChange

from ..errors import TooSlow
from ..page import Visit
from ..rendering.texts import counted_jobs
from .rows import shown_of

_COUNT_SECONDS = 1.0
"""Timeout of a count, in seconds."""
_KEPT = 30.0
"""Seconds for which a count that was capped is shown again."""
_AROUND = timedelta(minutes=10)
"""How much older than its id a job may be: the id has the time of a client's clock."""
_LONG_AGO = timedelta(days=36_500)
_BEYOND = timedelta(days=1)
"""How much younger than its id a job may be: a client may make the id long before the enqueue."""


def orders(wanted: JobFilter) -> list[str]:
    """The orders in which jobs of the filter can be listed.

    A search in errors is listed by ids only: jobs that match in hidden values displace no others.
    """
    by_value = [] if wanted.error is not None else [*BY_VALUE]
    return [*BY_ID, *(each for each in by_value if each != "time" or wanted.status is not None)]


async def first_jobs(visit: Visit, wanted: JobFilter, sort: str) -> tuple[JobLines, JobCount]:
    """The first jobs by a value, and how many were found among how many."""
    bounds = visit.bounds
    few = job_list.few(wanted, bounds.rows, sort=sort, reach=bounds)
    if few is not None:
        found = await visit.read(few)
        if found.lines is not None:
            return found.lines, found.count
    found = await visit.read(job_list.first(wanted, bounds.rows, sort, bounds))
    assert found.lines is not None
    return found.lines, found.count


async def find_jobs(
    visit: Visit, wanted: JobFilter, before: UUID | None, sort: str = "newest"
) -> tuple[JobLines, JobCount | None]:
    """The first jobs by id that match, from bounded searches, and their number if these find it."""
    bounds = visit.bounds
    few = job_list.few(wanted, bounds.rows, before, sort, bounds)
    if few is not None and wanted.status == "running":
        found = await visit.read(few)
        if found.lines is not None:
            return found.lines, found.count
    lines = await visit.read(job_list.scan(wanted, bounds.rows, before, sort, bounds))
    if lines.ended_at is None:
        is_all = before is None and lines.next is None
        return lines, JobCount(len(lines.jobs), len(lines.jobs), True) if is_all else None
    if few is not None and wanted.status != "running":
        found = await visit.read(few)
        if found.lines is not None:
            return found.lines, found.count
    now = datetime.now(UTC)
    if not lines.jobs and lines.next is not None:
        # All matching jobs have ids beyond, unless somebody set their age by hand.
        first = _begin(wanted, sort, now)
        if first is not None and (first > lines.next if sort == "oldest" else first < lines.next):
            lines = await visit.read(job_list.scan(wanted, bounds.rows, first, sort, bounds))
    return await _searched_on(visit, wanted, lines, now, sort), None


def _begin(wanted: JobFilter, sort: str, now: datetime) -> UUID | None:
    """The id at which a search by age can begin."""
    if sort == "oldest":
        age, apart = wanted.newer, -_BEYOND
    else:
        age, apart = wanted.older, _AROUND
    return None if age is None else first_id(now - min(age, _LONG_AGO) + apart)


def _is_over(wanted: JobFilter, sort: str, now: datetime, at: datetime) -> bool:
    """Whether no job matches after a job of this time, since all are too old or too young."""
    if sort == "oldest":
        return wanted.older is not None and at > now - min(wanted.older, _LONG_AGO) + (
            _BEYOND + _AROUND
        )
    return wanted.newer is not None and at < now - min(wanted.newer, _LONG_AGO) - _BEYOND


async def _searched_on(
    visit: Visit, wanted: JobFilter, lines: JobLines, now: datetime, sort: str
) -> JobLines:
    """The result of a scan and, if it found too little, of further scans beyond it."""
    bounds = visit.bounds
    end = time.monotonic() + bounds.search
    found = [*lines.jobs]
    scans = 1
    while lines.ended_at is not None:
        if _is_over(wanted, sort, now, lines.ended_at):
            return JobLines(found, None)
        if scans >= bounds.scans or time.monotonic() > end:
            return JobLines(found, lines.next, lines.ended_at)
        left = bounds.rows - len(found)
        lines = await visit.read(job_list.scan(wanted, left, lines.next, sort, bounds))
        found += lines.jobs
        scans += 1
    return JobLines(found, lines.next)


async def count_jobs(visit: Visit, wanted: JobFilter) -> JobCount | None:
    """The number of jobs that match, up to a limit; None if counting takes too long.

    A search in errors is not counted: Postgres would also count matches in hidden values.
    """
    if wanted.error is not None:
        return None
    count = visit.database.recent(
        job_list.count(wanted, visit.bounds),
        seconds=_KEPT,
        limit=_COUNT_SECONDS,
        keeps=lambda found: not found.is_complete,
    )
    try:
        return await count
    except TooSlow:
        return None


async def count_to_change(visit: Visit, change: JobChange, wanted: JobFilter) -> tuple[int, bool]:
    """How many jobs a change of all that match would change now, and whether these are all.

    A search in errors does not count matches in hidden values.
    """
    end = time.monotonic() + visit.bounds.search
    begun = await visit.read(bulk.begin())
    after: UUID | None = LEAST
    found = 0
    while after is not None:
        if time.monotonic() > end:
            return found, False
        steps = bulk.next_to_change(change, wanted, begun, after, shown_of(wanted), visit.bounds)
        ids, after = await run_steps_async(steps, visit.read)
        found += len(ids)
    return found, True


def in_words(
    count: JobCount | None, *, is_filtered: bool, is_counted: bool = True, shown: int = 0
) -> str:
    """A count in words, as in `37 jobs match.`, `More than 100,000 jobs.`.

    `shown` jobs are on the page: the list may be searched further back than the count.
    """
    if not is_counted:
        return "Only errors as they are shown are searched, so these jobs are not counted."
    if count is None:
        return "It takes too long to count these jobs."
    if not count.is_complete and count.found < shown:
        return f"At least {counted_jobs(shown)}: too few of the newest to be counted."
    if not count.is_complete and count.found < count.looked_at:
        if not count.found:
            return f"None of the newest {count.looked_at:,} jobs matches."
        return f"At least {counted_jobs(count.found)}: the newest {count.looked_at:,} were counted."
    words = counted_jobs(count.found) if count.found else "No job"
    verb = "" if not is_filtered else " matches" if count.found < 2 else " match"
    return f"{words}{verb}." if count.is_complete else f"More than {words}{verb}."


def sorted_in_words(count: JobCount, wanted: JobFilter, shown: int) -> str:
    """What a list by a value covers, as in `37 jobs match.`; `shown` jobs are on the page."""
    if count.is_complete:
        words = in_words(count, is_filtered=bool(wanted.given))
    else:
        kind = "failed jobs" if wanted.stored_status == "failed" else "jobs"
        match = "matches" if count.found == 1 else "match"
        words = f"Only the newest {count.looked_at:,} {kind} are sorted: {count.found:,} {match}."
    return f"{words} The first {shown:,} are shown." if count.found > shown else words
