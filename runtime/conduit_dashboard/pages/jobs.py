"""The jobs of a filter, in an order, and actions on many of them."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from conduit_runtime.model.dashboard.job_filter import BY_ID, BY_VALUE, CHOICES, JobFilter
from conduit_runtime.model.dashboard.job_line import JobCount, JobLines
from conduit_runtime.model.text.printable import one_line
from conduit_runtime.statements.dashboard import bulk, types

from ..errors import Elsewhere, TooSlow
from ..jobs.filters import Search, read_search
from ..jobs.rows import JobRow, rows_of
from ..jobs.search import count_jobs, find_jobs, first_jobs, in_words, orders, sorted_in_words
from ..page import Page, Routes, Visit, page
from ..parameters import read_choice, read_id

_Listed = tuple[JobLines, list[JobRow], JobCount | None, str]
_SUGGESTED = 500
"""The most names of types that the filter suggests."""


async def jobs(visit: Visit) -> Page:
    """The jobs of a filter, and the number of jobs that match.

    `sort` says what comes first; an order that the filter does not allow counts as `newest`. The
    pages of an order by id begin beyond the id `before`. An `id` in the address leads to the page
    of that job.
    """
    if (id_ := read_id(visit.query, "id")) is not None:
        raise Elsewhere(visit.url(f"/jobs/{id_}"))
    search = await read_search(visit, visit.query)
    sort = read_choice(visit.query, "sort", BY_ID + BY_VALUE) or "newest"
    sorts = orders(search.wanted)
    if sort not in sorts:
        sort = "newest"
    before = read_id(visit.query, "before") if sort in BY_ID else None
    list_ = _by_id(visit, search, before, sort) if sort in BY_ID else _by_value(visit, search, sort)
    lines, rows, count, words = await list_
    data: dict[str, Any] = {
        "jobs": rows,
        "count": count,
        "count_in_words": words,
        "sort": sort,
        "sorts": sorts,
        "filter": search.given,
        "statuses": CHOICES,
        "payload_fields": search.fields,
        **await _suggestions(visit),
        "before": before,
        "next": lines.next,
        "searched_back_to": lines.ended_at,
        "actions": await visit.read(bulk.recent()),
    }
    return Page("jobs.html", "Jobs", data)


async def _by_id(visit: Visit, search: Search, before: UUID | None, sort: str) -> _Listed:
    (lines, rows, exact), count = await asyncio.gather(
        _shown(visit, search.wanted, before, sort), count_jobs(visit, search.wanted)
    )
    count = exact or count
    is_counted = search.wanted.error is None
    if before is None and lines.next is None and lines.ended_at is None:
        count, is_counted = JobCount(len(rows), len(rows), True), True  # all are shown
    elif not is_counted:
        count = None
    is_filtered = bool(search.given)
    words = in_words(count, is_filtered=is_filtered, is_counted=is_counted, shown=len(rows))
    return lines, rows, count, words


async def _shown(
    visit: Visit, wanted: JobFilter, before: UUID | None, sort: str
) -> tuple[JobLines, list[JobRow], JobCount | None]:
    """The jobs of a page. Those that match only in hidden values leave no trace, as a gap would."""
    most, end = visit.bounds.rows, time.monotonic() + visit.bounds.search
    lines, exact = await find_jobs(visit, wanted, before, sort)
    rows = await rows_of(visit, lines.jobs, wanted)
    while len(rows) < most and len(lines.jobs) == most and lines.next is not None:
        if time.monotonic() > end:
            lines = replace(lines, ended_at=lines.jobs[-1].created_at)
            break
        lines, exact = await find_jobs(visit, wanted, lines.next, sort)
        rows += await rows_of(visit, lines.jobs, wanted)
    if len(rows) >= most:
        rows = rows[:most]
        lines = replace(lines, next=rows[-1].id, ended_at=None)
    return lines, rows, exact


async def _by_value(visit: Visit, search: Search, sort: str) -> _Listed:
    lines, count = await first_jobs(visit, search.wanted, sort)
    rows = await rows_of(visit, lines.jobs, search.wanted)
    return lines, rows, count, sorted_in_words(count, search.wanted, len(rows))


async def _suggestions(visit: Visit) -> dict[str, list[str]]:
    """Names of types and queues that workers have described; empty if reading takes long."""
    try:
        shapes = await visit.database.recent(types.type_shapes(), seconds=60, limit=1)
    except TooSlow:
        shapes = []
    return {
        "known_types": _suggested(each.type for each in shapes),
        "known_queues": _suggested(each.queue for each in shapes),
    }


def _suggested(names: Iterable[str]) -> list[str]:
    """The names that are safe to suggest, sorted: the browser decides how a suggestion looks."""
    return sorted(each for each in {*names} if each and each == one_line(each))[:_SUGGESTED]


ROUTES: Routes = [page("/jobs", jobs)]
