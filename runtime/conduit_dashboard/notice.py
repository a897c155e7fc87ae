"""The notice on the page after an action: what the visitor has done, or why nothing was done."""

from datetime import UTC, datetime, timedelta

from conduit_runtime.statements.dashboard import audit

from .errors import BadRequest
from .page import Visit
from .parameters import read_number
from .rendering import actions

_NEWS = timedelta(minutes=5)
"""For how long an address with a notice shows what was done."""

HINTS = {"unselected": "No job is selected. Select some first, or change all that match."}
"""Why nothing was done, by the name that an address gives."""


async def notice(visit: Visit) -> str | None:
    """The hint that the address names, or the visitor's own recent action, in words."""
    if (hint := visit.query.get("notice", "")) in HINTS:
        return HINTS[hint]
    try:
        id_ = read_number(visit.query, "notice")
    except BadRequest:
        return None
    entry = None if id_ is None else await visit.read(audit.entry(id_))
    if entry is None or entry.actor != visit.access.user:
        return None
    return actions.done(entry) if datetime.now(UTC) - entry.at < _NEWS else None
