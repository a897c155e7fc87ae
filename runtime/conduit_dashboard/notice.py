"""The notice on the page after an action: what the visitor has done, or why nothing was done."""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Notice:
    """What was done, in words, and the job that it made, if it is on another page."""

    words: str
    job: str | None = None


async def notice(visit: Visit) -> Notice | None:
    """The hint that the address names, or the visitor's own recent action."""
    if (hint := visit.query.get("notice", "")) in HINTS:
        return Notice(HINTS[hint])
    try:
        id_ = read_number(visit.query, "notice")
    except BadRequest:
        return None
    entry = None if id_ is None else await visit.read(audit.entry(id_))
    if entry is None or entry.actor != visit.access.user:
        return None
    if datetime.now(UTC) - entry.at >= _NEWS:
        return None
    return Notice(actions.done(entry), actions.made(entry))
