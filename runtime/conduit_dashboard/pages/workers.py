"""The workers: where they run, what they can run, and what they run now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from conduit_runtime.model.dashboard.workers import Lanes
from conduit_runtime.model.workers.worker_info import WorkerInfo
from conduit_runtime.statements import worker_registry
from conduit_runtime.statements.dashboard import workers as store

from ..page import Page, Routes, Visit, page

MOST_JOBS = 20
"""Running jobs of a worker that are shown."""


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker and its lanes; `more_running` are the jobs it runs beyond those that are listed."""

    worker: WorkerInfo
    is_silent: bool
    lanes: Sequence[Lanes]
    more_running: int


async def workers(visit: Visit) -> Page:
    """All registered workers, the silent ones first."""
    registered = await visit.read(worker_registry.workers(), by_index=True)
    lanes = await visit.read(store.lanes())
    rows = [
        WorkerRow(
            replace(each, running=each.running[:MOST_JOBS]),
            each.is_silent,
            lanes.get(each.name, []),
            max(0, len(each.running) - MOST_JOBS),
        )
        for each in sorted(registered, key=lambda each: not each.is_silent)
    ]
    return Page("workers.html", "Workers", {"workers": rows})


ROUTES: Routes = [page("/workers", workers)]
