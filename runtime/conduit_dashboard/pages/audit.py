"""The audit: who did what, and when."""

from conduit_runtime.statements.dashboard import audit as store

from ..page import Page, Routes, Visit, page
from ..parameters import read_choice, read_number, read_text
from ..rendering.actions import ACTIONS

_ROWS = 50


async def audit(visit: Visit) -> Page:
    """The newest actions, of all or filtered by user or kind, and a link to older ones."""
    user, kind = read_text(visit.query, "user"), read_choice(visit.query, "action", ACTIONS)
    before = read_number(visit.query, "before")
    found = await visit.read(store.entries(_ROWS + 1, before=before, actor=user, action=kind))
    data = {
        "entries": found[:_ROWS],
        "before": before,
        "older": found[_ROWS - 1].id if len(found) > _ROWS else None,
        "filter": {"user": user, "action": kind},
        "actions": ACTIONS,
    }
    return Page("audit.html", "Audit", data)


ROUTES: Routes = [page("/audit", audit)]
