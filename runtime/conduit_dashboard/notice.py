"""What the visitor has just done, for the page that an action leads to."""

from datetime import UTC, datetime, timedelta

from conduit_runtime.model.dashboard.audit import AuditEntry
from conduit_runtime.statements.dashboard import audit

from .errors import BadRequest
from .page import Visit
from .parameters import read_number

_NEWS = timedelta(minutes=5)
"""For how long an address with a notice says what was done."""


async def notice(visit: Visit) -> AuditEntry | None:
    """The visitor's own action that the address names, if it was done a short while ago."""
    try:
        id_ = read_number(visit.query, "notice")
    except BadRequest:
        return None
    entry = None if id_ is None else await visit.read(audit.entry(id_))
    if entry is None or entry.actor != visit.access.user:
        return None
    return entry if datetime.now(UTC) - entry.at < _NEWS else None
