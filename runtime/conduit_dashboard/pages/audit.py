"""The audit: who did what, and when."""

from conduit_runtime.statements.dashboard import audit as store

from ..errors import BadRequest
from ..page import Page, Routes, Visit, page
from ..rendering.actions import ACTIONS

_ROWS = 50


async def audit(visit: Visit) -> Page:
    """The newest actions of a user, of a kind or of all, and a link to those before them."""
    user, kind = visit.query.get("user") or None, visit.query.get("action") or None
    if kind is not None and kind not in ACTIONS:
        raise BadRequest(f"There is no action {kind!r}: use {', '.join(ACTIONS)}.")
    before = _id(visit.query.get("before"))
    found = await visit.read(store.entries(_ROWS + 1, before=before, actor=user, action=kind))
    data = {
        "entries": found[:_ROWS],
        "before": before,
        "older": found[_ROWS - 1].id if len(found) > _ROWS else None,
        "filter": {"user": user, "action": kind},
        "actions": ACTIONS,
    }
    return Page("audit.html", "Audit", data)


def _id(text: str | None) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadRequest(f"before is {text[:40]!r}: use the number of an action.")
    return int(text)


ROUTES: Routes = [page("/audit", audit)]
