"""The data of charts. Parts of a period that are over are read from the database once."""

from conduit_runtime.model.dashboard.attempts import Attempts
from conduit_runtime.statements.dashboard.overview import attempts

from ..page import Visit
from .history import Window

_AGAIN = 2
"""Parts that are read again: the present one, and the last, which a late commit may change."""
_MOST = 100
"""The most charts whose parts are kept."""


async def parts_of(
    visit: Visit, window: Window, queue: str | None, type: str | None
) -> list[Attempts]:
    """The attempts in each part of a window: of a queue, of a type, or of all."""
    kept: dict[object, list[Attempts]] = visit.database.kept.setdefault("parts", {})
    key = window.name, queue, type
    known = kept.get(key, [])
    since = known[-_AGAIN].since if len(known) >= _AGAIN else None
    reading = attempts(window.period, window.step, queue, type, since)
    read = await visit.database.recent(reading, seconds=window.fresh, limit=visit.bounds.patience)
    begin = read[-1].since - window.period
    parts = [part for part in known if begin <= part.since < read[0].since] + read
    kept.pop(key, None)
    kept[key] = parts
    if len(kept) > _MOST:
        del kept[next(iter(kept))]
    return parts
