"""How soon a job starts after it was enqueued: with a waiting worker, and at half load."""

from collections.abc import Mapping, Sequence

from ..database import Database
from ..latency import add_part, flood, one_by_one, stream, throughput
from ..measure import Figure, Options, Results
from .fleets import warm_up, working
from .nodes import ONE
from .rates import DIRECT

SAMPLES = 150
SECONDS = 5.0
_FLOOD = 100_000
Runs = dict[str, list[Sequence[float]]]


def delays(server: str, urls: Mapping[str, str], options: Options, results: Results) -> None:
    """Enqueue at random moments, then as a stream at half the rate that the broker carries."""
    sides = {DIRECT: None, **urls}
    idle: Runs = {name: [] for name in sides}
    for _ in range(options.runs):
        for name, url in sides.items():
            database = Database(server)
            with working(database, url, "--note-delays") as fleet:
                warm_up(database)
                one_by_one(database, max(50, int(SAMPLES * options.scale)))
                idle[name].append(fleet.stop().delays)
    _add(results, "idle worker", idle)
    most = _most(server, urls[ONE], options)
    results.add(Figure("broker: enqueue and drain at once, one node", "jobs/s", [most]))
    loaded: Runs = {name: [] for name in (DIRECT, ONE)}
    for _ in range(options.runs):
        for name, delays in loaded.items():
            database = Database(server)
            with working(database, sides[name], "--note-delays") as fleet:
                warm_up(database)
                stream(database, most / 2, max(2.0, SECONDS * options.scale))
                delays.append(fleet.stop().delays)
    _add(results, "half load", loaded, f"at {most / 2:,.0f} jobs/s")


def _most(server: str, url: str, options: Options) -> float:
    """Jobs a second that one producer and one worker behind a gateway can handle."""
    database = Database(server)
    with working(database, url) as fleet:
        warm_up(database)
        flood(database, options.jobs(_FLOOD))
        fleet.stop()
    return throughput(database)


def _add(results: Results, load: str, runs: Runs, note: str = "") -> None:
    for part in (0.5, 0.99):
        for name, each in runs.items():
            add_part(results, f"broker: enqueue to start, {load}, {name}", each, part, note=note)
