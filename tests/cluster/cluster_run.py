"""A cluster run: faults disturb all parts between producers and handlers, then come the checks."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from broker_faults import BrokerFaults, Faults, PartFaults
from chaos_database import registered
from chaos_report import Report
from chaos_run import settle
from controller import LIMIT, LIMITED, PERIOD, RATED, STARTS, Controller
from event_files import read_events
from history import Disturbance, Event, History
from history_tables import read
from links import Links
from parts import Database, Parts
from producers import Actor, Flood, Operator, Producer
from rabbitmq import PASSWORD
from rabbitmq_cluster import RabbitCluster
from random_jobs import BATCHED, QUEUES
from waiting import until

VHOST = "jobs"
SETTLING = 120.0
"""Seconds within which at least one job must end after the faults, until all have ended."""


@dataclass(frozen=True)
class Size:
    """The size of a run: `jobs` of each database, in addition to the random ones.

    The run takes at least `seconds`. After the faults, `quiet` more jobs follow.
    """

    jobs: int
    seconds: float
    quiet: int = 1_000
    workers: int = 6
    gateways: int = 2
    loses_data: bool = False


class _Side:
    """A database, the actors on it, and what they know of its history."""

    def __init__(self, database: Database, seed: int, size: Size) -> None:
        self.database = database
        self.flood = Flood(database.dsn, seed, size.jobs)
        self.producers: list[Producer] = [
            self.flood,
            Producer(database.dsn, seed, 0.2, large=200, every=8),
        ]
        self.operator = Operator(database.dsn, seed, pause=0.5)
        self.controller = Controller(database.dsn, seed, 3, QUEUES)
        self.actors: list[Actor] = [*self.producers, self.operator, self.controller]
        self.began = datetime.now(UTC)

    def history(self, events: Sequence[Event], faults: Sequence[Faults], parts: Parts) -> History:
        """The history of this database's jobs."""
        history = History(
            disturbances=[
                disturbance
                for each in faults
                for disturbance, database in each.done
                if database in (None, self.database)
            ],
            pauses=self.controller.pauses,
            cancelled=self.operator.cancelled,
            limits={LIMITED: LIMIT},
            rates={RATED: (STARTS, PERIOD)},
            batched=BATCHED,
            gateways=frozenset(self.database.gateways),
            remote_workers=parts.workers,
        )
        for producer in self.producers:
            history.confirmed |= producer.confirmed
            history.withdrawn |= producer.withdrawn
        read(self.database.dsn, history, self.began)
        jobs = history.by_job().keys()
        history.events += [event for event in events if event.job in jobs]
        return history


def run(folder: Path, size: Size, seed: int) -> list[Report]:
    """Run in servers of the run's own, kept in the folder; return a report for each database."""
    with ExitStack() as stack:
        broker = RabbitCluster(folder / "broker", [VHOST])
        stack.callback(broker.stop)
        starting = threading.Thread(target=broker.start)
        starting.start()
        databases = [Database(name, folder) for name in ("a", "b")]
        for database in databases:
            stack.callback(database.close)
        starting.join()
        links = Links(broker.ports)
        stack.callback(links.close)
        parts = Parts(folder / "parts", links, _url)
        stack.callback(parts.close)
        for _ in range(size.gateways):
            for database in databases:
                parts.start_gateway(database)
        for _ in range(size.workers):
            parts.start_worker()
        sides = [_Side(database, seed + n, size) for n, database in enumerate(databases)]
        faults = [
            PartFaults(seed, parts, databases),
            BrokerFaults(seed, broker, loses_data=size.loses_data),
        ]
        return _run(parts, sides, faults, size, seed)


def _url(user: str, port: int) -> str:
    return f"amqp://{user}:{PASSWORD}@127.0.0.1:{port}/{VHOST}"


def _run(
    parts: Parts, sides: Sequence[_Side], faults: Sequence[Faults], size: Size, seed: int
) -> list[Report]:
    with _acting([actor for side in sides for actor in side.actors]):
        # On a busy machine it takes long until all have started.
        until(lambda: all(_completes(side.database.dsn) for side in sides), SETTLING)
        with _acting(faults):
            began = time.monotonic()
            while time.monotonic() < began + size.seconds or not all(
                side.flood.is_done for side in sides
            ):
                time.sleep(0.1)
                if broken := next((each.error for each in faults if each.error), None):
                    raise broken
    violations: list[str] = []
    settled_in = _settle(sides, violations)
    assert not violations, violations  # what follows would wait for the same jobs
    floods = [
        Flood(side.database.dsn, seed - n, size.quiet) for n, side in enumerate(sides, start=1)
    ]
    with _acting(floods):
        until(lambda: all(flood.is_done for flood in floods), SETTLING)
    _settle(sides, violations)
    for side, flood in zip(sides, floods, strict=True):
        side.producers.append(flood)
        running = sorted(part.process.pid for part in parts.running(side.database))
        if (found := registered(side.database.dsn)) != running:
            violations.append(f"{running} run, and {found} are registered")
    violations += parts.stop([side.database for side in sides])
    violations += [
        f"the process {pid} is still registered"
        for side in sides
        for pid in registered(side.database.dsn)
    ]
    events = list(read_events(parts.folder))
    done = sorted((disturbance for each in faults for disturbance, _ in each.done), key=_began)
    (parts.folder / "faults").write_text("".join(f"{each}\n" for each in done))
    counts = Counter(disturbance.kind for disturbance in done)
    reports = []
    for side in sides:
        report = Report(seed, [*violations], settled_in=settled_in, disturbances=counts)
        violations.clear()
        report.examine(side.history(events, faults, parts))
        reports.append(report)
    return reports


def _completes(dsn: str) -> bool:
    """Whether a worker has completed a job of the database."""
    with psycopg.connect(dsn) as connection:
        return connection.execute("SELECT FROM jobs WHERE status = 'completed'").rowcount > 0


def _began(disturbance: Disturbance) -> datetime:
    return disturbance.began


@contextmanager
def _acting(threads: Sequence[Actor | Faults]) -> Iterator[None]:
    """Start the threads, and stop them at the end of the block."""
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.stop()


def _settle(sides: Sequence[_Side], violations: list[str]) -> float:
    """Wait until the jobs of all sides have ended; add the violations, return the seconds."""
    settled_in = 0.0
    for side in sides:
        seconds, unsettled = settle(side.database.dsn, SETTLING)
        settled_in += seconds
        violations += unsettled
    return settled_in
