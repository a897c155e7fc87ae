"""The jobs of a filter, newest first, and actions on many of them."""

import asyncio
from collections.abc import Iterable
from typing import Any

from conduit_runtime.model.dashboard.job_filter import CHOICES
from conduit_runtime.model.dashboard.job_line import JobCount
from conduit_runtime.model.text.printable import one_line
from conduit_runtime.statements.dashboard import bulk, types

from ..errors import Elsewhere, TooSlow
from ..jobs.filters import read_search
from ..jobs.rows import rows_of
from ..jobs.search import count_jobs, find_jobs, in_words
from ..page import Page, Routes, Visit, page
from ..parameters import read_id

_SUGGESTED = 500
"""The most names of types that the filter suggests."""


async def jobs(visit: Visit) -> Page:
    """The jobs of a filter before an id, and the number of jobs that match.

    An `id` in the address leads to the page of that job.
    """
    if (id_ := read_id(visit.query, "id")) is not None:
        raise Elsewhere(visit.url(f"/jobs/{id_}"))
    search = await read_search(visit, visit.query)
    before = read_id(visit.query, "before")
    (lines, exact), count = await asyncio.gather(
        find_jobs(visit, search.wanted, before), count_jobs(visit, search.wanted)
    )
    count = exact or count
    rows = await rows_of(visit, lines.jobs, search.wanted)
    is_counted = search.wanted.error is None
    if before is None and lines.next is None and lines.ended_at is None:
        count, is_counted = JobCount(len(rows), len(rows), True), True  # all are shown
    elif not is_counted:
        count = None
    data: dict[str, Any] = {
        "jobs": rows,
        "count": count,
        "count_in_words": in_words(
            count, is_filtered=bool(search.given), is_counted=is_counted, shown=len(rows)
        ),
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
