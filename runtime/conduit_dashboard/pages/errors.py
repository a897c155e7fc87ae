"""The errors: failed jobs in groups, and what to do about each."""

from datetime import timedelta

from conduit_runtime.statements.dashboard.errors import error_groups

from ..errors import BadRequest
from ..page import Page, Routes, Visit, page

PERIODS = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
"""What `last` in the address may be."""


async def errors(visit: Visit) -> Page:
    """Failed jobs by type and error, with the numbers in it replaced."""
    last = visit.query.get("last") or None
    if last is not None and last not in PERIODS:
        raise BadRequest(f"last is {last!r}: use one of {', '.join(PERIODS)}, or leave it out.")
    queue, type_ = (visit.query.get(name) or None for name in ("queue", "type"))
    found = await visit.read(error_groups(PERIODS[last] if last else None, queue=queue, type=type_))
    data = {"errors": found, "last": last, "periods": [*PERIODS], "queue": queue, "type": type_}
    return Page("errors.html", "Errors", data)


ROUTES: Routes = [page("/errors", errors)]
