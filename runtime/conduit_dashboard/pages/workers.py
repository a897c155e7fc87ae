"""The workers: where they run, the types they handle, and the jobs they run now."""

from dataclasses import dataclass, replace

from conduit_runtime.model.dashboard.workers import Lanes
from conduit_runtime.model.workers.worker_info import WorkerInfo
from conduit_runtime.statements import worker_registry
from conduit_runtime.statements.dashboard import workers as store

from ..errors import Missing
from ..page import Page, Routes, Visit, page

MOST = 200
"""The most workers that are shown."""
MOST_JOBS = 20
"""The most running jobs of a worker that are shown."""


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker. It handles `types` job types, and runs `more_running` jobs that are not listed."""

    worker: WorkerInfo
    is_silent: bool
    types: int
    more_running: int


async def workers(visit: Visit) -> Page:
    """All registered workers, silent ones first; `name` chooses one worker and shows its lanes."""
    registered = await visit.read(worker_registry.workers())
    types = await visit.read(store.handled_types())
    name = visit.query.get("name")
    lanes: list[Lanes] = []
    if name is not None:
        registered = [each for each in registered if each.name == name]
        if not registered:
            raise Missing(f"There is no worker {name[:200]!r}; perhaps it has ended meanwhile.")
        lanes = await visit.read(store.lanes(name))
    registered.sort(key=lambda each: not each.is_silent)
    rows = [
        WorkerRow(
            replace(each, running=each.running[:MOST_JOBS]),
            each.is_silent,
            types.get(each.name, 0),
            max(0, len(each.running) - MOST_JOBS),
        )
        for each in registered[:MOST]
    ]
    more = len(registered) - len(rows)
    data = {"workers": rows, "more_workers": more, "name": name, "lanes": lanes}
    return Page("workers.html", "Workers", data)


ROUTES: Routes = [page("/workers", workers)]
