"""`python -m benchmarks.soak MINUTES`: whether the queue stays as fast and as small as it began.

Jobs arrive at a steady rate, a worker runs them, and ended jobs are purged after a few seconds.
During half of the time another transaction holds a snapshot, so that vacuum removes no dead row.
"""

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import click
from conduit_runtime import Job, Queue
from rich.console import Console
from rich.table import Table

from .database import PAYLOAD, Database, server
from .processes import staying

KEPT = timedelta(seconds=10)
"""How long ended jobs are kept."""
_SPANS = 12
_SAMPLE = """
SELECT pg_total_relation_size('jobs') / 2^20,
       (SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'jobs'),
       count(*),
       count(*) FILTER (WHERE status = 'pending'),
       percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (
         ORDER BY extract(epoch FROM started_at - run_at) * 1000
       ) FILTER (WHERE completed_at > now() - make_interval(secs => %(span)s))
FROM jobs
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """The table's MiB and rows, and recent milliseconds from jobs' due times to their starts."""

    mebibytes: float
    dead: int
    rows: int
    pending: int
    p50: float
    p99: float


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("minutes", type=click.FloatRange(min=0, min_open=True))
@click.option("--rate", default=1000, show_default=True, help="Jobs a second.")
@click.option("--dead", default=0, help="Jobs that came and went since the snapshot was taken.")
@click.option("--dsn", help="The server to run on; without it, an embedded Postgres.")
def main(minutes: float, rate: int, dead: int, dsn: str | None) -> None:
    """Run for so many minutes; exit code 1 when something did not stay flat.

    With --dead, what a snapshot held for an hour does shows in a few minutes.
    """
    console = Console(highlight=False)
    phase = minutes * 30
    with (
        tempfile.TemporaryDirectory(prefix="conduit-soak-") as folder,
        server(dsn, Path(folder)) as found,
    ):
        database = Database(found)
        alone = run(database, rate, phase, show(console, "alone", rate))
        with database.connect() as holder:
            holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            holder.execute("SELECT count(*) FROM jobs")
            database.outlive(dead)
            held = run(database, rate, phase, show(console, "with a snapshot held", rate))
    complaints = [
        *(f"alone: {each}" for each in judge(alone, by_size=True)),
        *(f"with a snapshot held: {each}" for each in judge(held, by_size=False)),
        *(f"with a snapshot held and without: {each}" for each in compare(alone, held)),
    ]
    for complaint in complaints:
        console.print(complaint)
    console.print("everything stayed flat" if not complaints else "not everything stayed flat")
    sys.exit(bool(complaints))


def show(console: Console, phase: str, rate: int) -> Callable[[Sequence[Sample]], None]:
    """Print the result of a phase."""

    def tell(samples: Sequence[Sample]) -> None:
        table = Table("MiB", "dead rows", "rows", "pending", "p50 ms", "p99 ms")
        for each in samples:
            sizes = (f"{each.mebibytes:.0f}", *map(str, (each.dead, each.rows, each.pending)))
            table.add_row(*sizes, f"{each.p50:.1f}", f"{each.p99:.1f}")
        table.title = f"{phase}, {rate} jobs/s"
        console.print(table)

    return tell


def run(
    database: Database, rate: int, seconds: float, tell: Callable[[Sequence[Sample]], None]
) -> Sequence[Sample]:
    """Keep the queue busy for this time, and sample it now and then."""
    samples = []
    span = seconds / _SPANS
    stopping = threading.Event()
    with ExitStack() as stack, Queue(database.dsn) as queue:
        stop_worker = stack.enter_context(staying(database))
        actors = [
            threading.Thread(target=act, args=(queue, stopping, rate)) for act in (_enqueue, _purge)
        ]
        for actor in actors:
            actor.start()
        try:
            end = time.monotonic()
            for _ in range(_SPANS):
                end += span
                time.sleep(max(0.0, end - time.monotonic()))
                [(*sizes, quantiles)] = database.run(_SAMPLE, {"span": span})
                samples.append(Sample(*sizes, *(quantiles or (0.0, 0.0))))
        finally:
            stopping.set()
            for actor in actors:
                actor.join()
        stop_worker()
    tell(samples)
    return samples


def judge(samples: Sequence[Sample], by_size: bool) -> list[str]:
    """What grew from the first third to the last; for the table from the second, after a vacuum."""
    third = len(samples) // 3
    first, middle, last = samples[:third], samples[third : 2 * third], samples[2 * third :]
    grown = compare(first, last)
    if by_size:
        grown += _growth(middle, last, "the table", lambda each: each.mebibytes, 1.5, 4.0)
        grown += _growth(middle, last, "what is dead in it", lambda each: each.dead, 2.0, 20_000.0)
    return grown


def compare(before: Sequence[Sample], after: Sequence[Sample]) -> list[str]:
    """The growth of the delays before jobs start."""
    slowest = "the slowest hundredth of starts"
    return [
        *_growth(before, after, "the median time to the start", lambda each: each.p50, 1.5, 5.0),
        *_growth(before, after, slowest, lambda each: each.p99, 2.0, 50.0),
    ]


def _growth(
    before: Sequence[Sample],
    after: Sequence[Sample],
    what: str,
    of: Callable[[Sample], float],
    factor: float,
    extra: float,
) -> list[str]:
    """The message for a figure that grew by more than the factor and the extra."""
    was, became = (statistics.median(map(of, samples)) for samples in (before, after))
    return [f"{what} went from {was:.1f} to {became:.1f}"] if became > factor * was + extra else []


def _enqueue(queue: Queue, stopping: threading.Event, rate: int) -> None:
    due = time.monotonic()
    while not stopping.is_set():
        queue.enqueue_many([Job(type="noop", payload=PAYLOAD) for _ in range(rate // 20)])
        due += 0.05
        stopping.wait(due - time.monotonic())


def _purge(queue: Queue, stopping: threading.Event, rate: int) -> None:
    while not stopping.wait(KEPT.total_seconds() / 4):
        queue.purge(KEPT)


if __name__ == "__main__":
    main()
