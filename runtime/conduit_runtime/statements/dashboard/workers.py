"""What workers can run."""

from ...model.dashboard.workers import Lanes
from ...postgres.statement import Rows, Statement


def lanes() -> Statement[dict[str, list[Lanes]]]:
    """The lanes of each registered worker, by its name."""

    def decode(rows: Rows, count: int) -> dict[str, list[Lanes]]:
        found: dict[str, list[Lanes]] = {}
        for worker, type_, shapes in rows:
            found.setdefault(worker, []).append(Lanes(type_, shapes))
        return found

    return Statement("dashboard/lanes", {}, decode)
