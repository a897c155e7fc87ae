"""The overview: what needs attention, attempts over time, the queues and the workers."""

from conduit_runtime.statements import worker_registry
from conduit_runtime.statements.dashboard import overview as store

from ..attention import MOST_SHOWN, attention
from ..charts.history import WINDOWS
from ..charts.past import parts_of
from ..page import Page, Routes, Visit, page
from ..parameters import read_choice, read_text
from ..queue_rows import queue_rows

MOST_QUEUES = 10
"""The most queues that the overview shows."""


async def overview(visit: Visit) -> Page:
    """Problems and activity; `window` is 1h, 24h or 30d, and `queue` and `type` narrow it."""
    window = WINDOWS[read_choice(visit.query, "window", WINDOWS) or "1h"]
    queue, type_ = read_text(visit.query, "queue"), read_text(visit.query, "type")
    parts = await parts_of(visit, window, queue, type_)
    recent = await visit.database.recent(store.recent_attempts(), seconds=5.0)
    registered = await visit.database.recent(worker_registry.workers(), seconds=2.0)
    found = await attention(visit, recent, registered)
    queues = await queue_rows(visit, recent)
    queues.sort(key=lambda row: (-row.oldest, -row.running, row.queue))
    alive = [each for each in registered if not each.is_silent]
    return Page(
        "overview.html",
        "Overview",
        {
            "window": window.name,
            "windows": [*WINDOWS],
            "queue": queue,
            "type": type_,
            "attempts": parts,
            "concerns": found.concerns[:MOST_SHOWN],
            "more_concerns": max(0, len(found.concerns) - MOST_SHOWN),
            "not_checked": found.not_checked,
            "queues": queues[:MOST_QUEUES],
            "more_queues": max(0, len(queues) - MOST_QUEUES),
            "workers": {
                "alive": len(alive),
                "silent": len(registered) - len(alive),
                "running": sum(len(each.running) for each in alive),
                "claimed": sum(each.claimed for each in alive),
            },
        },
    )


ROUTES: Routes = [page("/", overview)]
