"""The job types: what workers know of them, and the activity of their jobs."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from textwrap import dedent
from typing import Any

from conduit_runtime.model.dashboard.types import present
from conduit_runtime.model.text.printable import one_line
from conduit_runtime.statements import metrics
from conduit_runtime.statements.dashboard.types import type_activity, type_shapes
from conduit_runtime.statements.limits.type_limits import type_limits

from ..errors import Missing
from ..page import Page, Routes, Visit, page
from ..parameters import read_choice, read_text
from ..types.fields import field_rows
from ..types.summary import TypeSummary, place, summaries

PERIODS = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "30d": timedelta(days=30)}
"""The values of `last` in the address."""
MOST = 500
"""The most types that a page lists."""
FRESH = 10.0
"""Seconds for which the attempts of all types are shown again: they cost the most."""
_LIVES = ("live", "gone")
SORTS: Mapping[str, Callable[[TypeSummary], Any]] = {
    "name": lambda each: each.type,
    "failed": lambda each: (-(each.failure_rate or 0), -each.failed, each.type),
    "attempts": lambda each: (-each.succeeded - each.failed, each.type),
    "slowest": lambda each: (-(each.mean or 0), each.type),
    "p95": lambda each: (-(each.p95 or 0), each.type),
}
"""The values of `sort` in the address."""


async def types(visit: Visit) -> Page:
    """All types, those that match a filter, or all about one type."""
    last = period_of(visit)
    if (name := visit.query.get("type")) is not None:
        return await _one(visit, name, last)
    about, queue = visit.query.get("q", "").strip(), read_text(visit.query, "queue")
    state = read_choice(visit.query, "state", _LIVES)
    sort = read_choice(visit.query, "sort", SORTS) or "name"
    found = await _summaries(visit, last)
    matching = [each for each in found if _matches(each, about.lower(), queue, state)]
    matching.sort(key=SORTS[sort])
    data = {
        "types": matching[:MOST],
        "more_types": max(0, len(matching) - MOST),
        "all": len(found),
        "filter": {"q": about, "queue": queue, "state": state, "last": last, "sort": sort},
        "periods": [*PERIODS],
    }
    return Page("types.html", "Types", data)


async def _summaries(visit: Visit, last: str) -> list[TypeSummary]:
    shapes = await visit.read(type_shapes())
    activity = await visit.database.recent(type_activity(PERIODS[last]), seconds=FRESH)
    limits = await visit.read(type_limits())
    return summaries(shapes, activity, limits)


def _matches(each: TypeSummary, about: str, queue: str | None, state: str | None) -> bool:
    return (
        (about in each.type.lower() or about in each.source.lower())
        and (queue is None or each.queue == queue)
        and (state is None or each.is_live == (state == "live"))
    )


async def _one(visit: Visit, name: str, last: str) -> Page:
    """A type: the fields of its payloads, its source, and its neighbours in the graph."""
    shapes = await visit.read(type_shapes(name))
    activity = await visit.read(type_activity(PERIODS[last], name))
    measured = await visit.read(metrics.read(PERIODS[last], None, name))
    if not (shapes or activity):
        raise Missing("No worker has described this type, and no job of it has run lately.")
    limits = await visit.read(type_limits())
    [summary] = summaries(shapes, activity, [each for each in limits if each.type == name])
    now = present(shapes) if shapes else None
    source = now.description.source if now else None
    data = {
        "type": summary,
        "hooks": now.description.hooks if now else (),
        "enqueued_by": await _parents(visit, name) if now else [],
        "enqueues": now.description.enqueues if now else (),
        "calls": now.description.calls if now else (),
        "options": now.description.options if now else {},
        "source": {
            "place": place(now) if now else "",
            "line": source.line if source else None,
            "text": dedent(source.text) if source else "",
        },
        "shapes": [
            {
                "fingerprint": each.fingerprint,
                "is_present": each is now,
                "is_older": each.description.is_older,
                "is_live": each.is_live,
                "described_at": each.described_at,
                "fields": [*field_rows(each.description.fields)],
            }
            for each in sorted(shapes, key=lambda each: (each is not now, each.fingerprint))
        ],
        "activity": [
            {
                "queue": each.queue,
                "succeeded": each.succeeded,
                "failed": each.failed,
                "duration": {"p50": each.duration.p50, "p95": each.duration.p95},
                "wait": {"p50": each.wait.p50, "p95": each.wait.p95},
            }
            for each in measured
        ],
        "last": last,
        "periods": [*PERIODS],
    }
    return Page("type.html", one_line(name), data)


async def _parents(visit: Visit, name: str) -> list[str]:
    """The types whose jobs enqueue jobs of this type."""
    found = await visit.read(type_shapes())
    return sorted({each.type for each in found if name in each.description.enqueues})


def period_of(visit: Visit, default: str = "24h") -> str:
    """The period that the address asks for. Raises BadRequest for an unknown one."""
    return read_choice(visit.query, "last", PERIODS) or default


ROUTES: Routes = [page("/types", types)]
