"""The overview: what needs attention, attempts over time, the queues and the workers."""

from conduit_runtime.model.dashboard.attempts import Attempts
from conduit_runtime.statements import worker_registry
from conduit_runtime.statements.dashboard import overview as store

from ..attention import Checks, attention
from ..charts.history import WINDOWS
from ..charts.past import parts_of
from ..page import Page, Routes, Visit, page
from ..parameters import read_choice, read_text
from ..queue_rows import QueueRow, queue_rows

MOST_QUEUES = 10
"""The most queues that the overview shows."""


async def overview(visit: Visit) -> Page:
    """Problems and activity; `window` is 1h, 24h or 30d, and `queue` and `type` narrow it."""
    window = WINDOWS[read_choice(visit.query, "window", WINDOWS) or "1h"]
    queue, type_ = read_text(visit.query, "queue"), read_text(visit.query, "type")
    checks = Checks(visit)
    parts: list[Attempts] = []
    parts = await checks.part("charts", parts_of(visit, window, queue, type_), parts)
    recent = await checks.read("attempts of the last hour", store.recent_attempts(), [], 5.0)
    registered = await checks.read("workers", worker_registry.workers(), [], 2.0)
    queues: list[QueueRow] = []
    queues = await checks.part("queues", queue_rows(visit, recent), queues)
    found = await attention(visit, checks, recent, registered, queues)
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
            "concerns": found.concerns,
            "more_concerns": found.more,
            "not_checked": checks.not_checked,
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
