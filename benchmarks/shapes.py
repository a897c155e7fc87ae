"""Tables of other shapes: many types, priorities and queues; unclaimable jobs in front."""

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

from conduit_runtime.postgres.connection import PLANS
from conduit_runtime.statements.claims import BATCH
from conduit_runtime.worker.claim.claim_memory import ClaimMemory

from .database import Database
from .drain import JOBS, drained
from .measure import Figure, Options, Results, alternate

_IN_FRONT = 1_000_000
_SHAPES: tuple[tuple[str, dict[str, int], float], ...] = (
    ("20 types", {"types": 20}, 0.8),
    ("200 types × 50 priorities", {"types": 200, "priorities": 50}, 0.6),
    ("200 queues", {"queues": 200}, 0.6),
)
_FRONTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("jobs of unknown types", {"type": "unknown", "priority": 60}),
    ("jobs of 1,000 unknown types", {"type": "unknown", "types": 1_000, "priority": 60}),
    ("jobs that are not due", {"delay": 5 * 86_400, "priority": 60}),
    ("jobs of equal priority that are not due", {"delay": 5 * 86_400}),
)


def shapes(server: str, options: Options, results: Results) -> None:
    """Drains of one type in one queue, and of many types, priorities and queues."""

    def measure(shape: Mapping[str, int]) -> Callable[[], float]:
        known = [f"--{key}={shape[key]}" for key in ("types", "queues") if key in shape]
        return lambda: drained(server, options, *known, **shape)

    measures = [measure(shape) for _, shape, _ in _SHAPES]
    one, *others = alternate(options, measure({}), *measures, rounds=2)
    limit = results.add(Figure("drain, 1 type", "jobs/s", one))
    for (name, _, target), runs in zip(_SHAPES, others, strict=True):
        results.add(Figure(f"drain, {name}", "jobs/s", runs, limit.value, limit.name, target))


def fronts(server: str, options: Options, results: Results) -> None:
    """The time of a claim behind a million jobs that it may not take."""
    free = Database(server)
    free.fill(options.jobs(JOBS))
    plain = results.add(Figure(f"claim of {BATCH:,}", "ms", _claims(free)))
    for name, front in _FRONTS:
        database = Database(server)
        database.fill(options.jobs(_IN_FRONT), **front)
        database.fill(options.jobs(JOBS))
        title = f"claim of {BATCH:,} behind {options.jobs(_IN_FRONT):,} {name}"
        figure = Figure(title, "ms", _claims(database), plain.value, plain.name, 2.0, True)
        results.add(figure)


def _claims(database: Database) -> list[float]:
    """Three medians of the milliseconds of full claims that are rolled back."""
    database.run("INSERT INTO conduit_workers VALUES ('w', 0, 0, 'w', 0, '{}', '[]')")
    with database.connect() as connection:
        connection.prepare_threshold = 0
        connection.execute(PLANS)

        def once() -> float:
            claim = ClaimMemory().next("w", {"default": BATCH}, [("noop", "")], BATCH, 0.0)
            with connection.transaction(force_rollback=True):
                started = time.perf_counter()
                rows = connection.execute(claim.sql(), claim.parameters).fetchall()
                taken = time.perf_counter() - started
            assert len(rows) == BATCH
            return taken * 1_000

        once()
        return [median(once() for _ in range(7)) for _ in range(3)]
