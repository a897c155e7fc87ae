"""The types that workers can run."""

from ...model.dashboard.workers import Lanes
from ...postgres.statement import Statement


def handled_types() -> Statement[dict[str, int]]:
    """How many types each registered worker handles, by its name."""
    return Statement("dashboard/handled_types", {}, lambda rows, count: dict(rows))


def lanes(name: str) -> Statement[list[Lanes]]:
    """The lanes of a worker."""
    return Statement(
        "dashboard/lanes", {"name": name}, lambda rows, count: [Lanes(*row) for row in rows]
    )
