"""A chaos run: producers, workers and chaos for a set time, then the checks of its history."""

import random
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import psycopg
from chaos import Chaos
from checker import ENDED, TICK, check, is_refused, ticks_of
from clock import Clock, library
from conduit_runtime import CronScheduler, Queue, Schedule, embedded, migrate
from controller import LIMIT, LIMITED, PERIOD, RATED, STARTS, Controller
from controls import check_limits, check_pauses, check_rates
from delays import LIMIT as DELAY
from delays import delays
from flows import check_flows
from history import SCHEMA, History, read
from order import check_order
from producers import Operator, Producer
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier
from random_jobs import QUEUES
from rescues import LIMIT as LOOKING_ON
from rescues import rescues
from waiting import until
from worker_processes import WorkerProcesses, create_role

SETTINGS = {
    "fsync": "off",  # the machine stays up, and what was written outlives Postgres
    "track_commit_timestamp": "on",
}
SCHEDULES = [
    Schedule.every(
        seconds=int(TICK.total_seconds()),
        name=missed,
        queue=QUEUES[0],
        type="history.tick",
        payload={"missed": missed},
        max_attempts=50,
        missed=missed,
    )
    for missed in ("skip", "once", "all")
]
"""Any worker carries the scheduler, and so they race for each tick."""
JOBS, TICKS = 300, 20
"""How many of them there have to be at least."""
PATIENCE = 4
"""How many times as long a run may take for that."""
SETTLING = 60.0
"""Seconds within which something has to end, until all has, when nothing disturbs any more."""


@dataclass
class Report:
    """What a run showed."""

    seed: int
    violations: list[str] = field(default_factory=list)
    jobs: int = 0
    runs: int = 0
    repeats: int = 0
    judged: int = 0
    ticks: int = 0
    settled_in: float = 0.0
    slowest_rescue: str = "nobody who was killed held a job"
    rescues: int = 0
    looked_on: float = 0.0
    pauses: int = 0
    flows: int = 0
    refused: int = 0
    results: int = 0
    renewals: int = 0
    slowest: str = "none was late"
    disturbances: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        disturbances = ", ".join(f"{n} × {kind}" for kind, n in sorted(self.disturbances.items()))
        lines = [
            f"seed {self.seed}: {self.jobs:,} jobs, {self.runs:,} runs, {self.repeats:,} repeats, "
            f"order judged in {self.judged:,} claims, {self.ticks:,} ticks, "
            f"settled in {self.settled_in:.1f} s, "
            f"{self.pauses} pauses; {disturbances}",
            f"{self.flows:,} jobs waited for others, {self.refused:,} were refused, "
            f"{self.results:,} results kept, {self.renewals:,} "
            f"claims renewed; the slowest write: {self.slowest}",
            f"{self.rescues} rescues after kills, nobody looked on for longer than "
            f"{self.looked_on:.1f} s; the slowest: {self.slowest_rescue}",
            *self.violations[:20],
        ]
        if len(self.violations) > 20:
            lines.append(f"and {len(self.violations) - 20:,} more violations")
        return "\n".join(lines)


def run(
    folder: Path, seconds: float, seed: int, workers: int = 3, large: tuple[int, float] = (1_000, 8)
) -> Report:
    """Run for so many seconds in a database server of the run's own, kept in the folder.

    On a slow machine it takes longer, until enough has happened for the history to say something.
    `large` are the members of a large flow, and the seconds until the next. The server's clock
    jumps where libfaketime is installed.
    """
    path = library()
    clock = None if path is None else Clock(folder, path)
    with clock.installed() if clock else nullcontext():
        started = embedded.start(folder / "postgres", settings=SETTINGS)
    with started as server:
        if clock is not None and not clock.moves(server.dsn):
            clock = None
        dsn = _database(server.dsn)
        logs = folder / "logs"
        logs.mkdir(exist_ok=True)
        queues = [argument for queue in QUEUES for argument in ("--queue", queue)]
        processes = WorkerProcesses(dsn, logs, *queues, "--concurrency", "4", roles=True)
        try:
            chaos = Chaos(dsn, server.folder / "data", processes, workers, seed, clock)
            return _run(dsn, processes, chaos, seconds, seed, large)
        finally:
            processes.close()


def _database(server_dsn: str) -> str:
    name = f"history_{uuid4().hex}"
    with psycopg.connect(server_dsn, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    dsn = make_conninfo(server_dsn, dbname=name)
    migrate(dsn)
    with psycopg.connect(dsn) as connection:
        connection.execute(SCHEMA)
    for role in ("producer", "operator"):
        create_role(dsn, role)
    with Queue(dsn) as queue:
        for schedule in SCHEDULES:
            CronScheduler(queue).add(schedule)
        queue.limit(LIMITED, LIMIT)
        queue.rate_limit(RATED, STARTS, per=timedelta(seconds=PERIOD))
    return dsn


def _run(
    dsn: str,
    processes: WorkerProcesses,
    chaos: Chaos,
    seconds: float,
    seed: int,
    large: tuple[int, float],
) -> Report:
    start = datetime.now(UTC)
    producers = [
        Producer(dsn, seed + n, 0.1, large=members, every=every)
        for n, (members, every) in enumerate([large, (20, 5)])
    ]
    controller = Controller(dsn, seed, pause=2)
    operator = Operator(dsn, seed, pause=0.5)
    actors = [*producers, operator, controller]
    pauses = random.Random(seed)
    for actor in actors:
        actor.start()
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds or (
        passed < PATIENCE * seconds and not _proves_something(dsn)
    ):
        time.sleep(pauses.uniform(0.1, 2))  # the time between two disturbances, not a wait
        chaos.act()
    chaos.end()
    for actor in actors:
        actor.stop()
    with Queue(dsn) as queue:
        for schedule in SCHEDULES:
            CronScheduler(queue).disable(schedule.name)
    started = time.monotonic()
    report = Report(seed, disturbances=Counter(each.kind for each in chaos.disturbances))
    report.disturbances += Counter(jump=len(chaos.jumps))
    try:
        # However slow the machine, work goes on.
        state = _state(dsn)
        while state.unended:
            until(lambda: _state(dsn) != state, SETTLING)  # noqa: B023
            state = _state(dsn)
    except AssertionError:
        report.violations.append(f"for {SETTLING:.0f} s none of what was left ended")
    report.settled_in = time.monotonic() - started
    # A worker killed a moment ago is struck off by one that lives, and not by nobody.
    running = sorted(worker.process.pid for worker in processes.running())
    try:
        until(lambda: _registered(dsn) == running, SETTLING)
    except AssertionError:
        report.violations.append(f"{running} run, and {_registered(dsn)} are registered")
    report.violations += _stop(dsn, processes)
    history = History(
        disturbances=chaos.disturbances,
        jumps=chaos.jumps,
        pauses=controller.pauses,
        cancelled=operator.cancelled,
        limits={LIMITED: LIMIT},
        rates={RATED: (STARTS, PERIOD)},
    )
    for producer in producers:
        history.confirmed |= producer.confirmed
        history.withdrawn |= producer.withdrawn
    read(dsn, history, start)
    return _examine(history, report)


def _proves_something(dsn: str) -> bool:
    sql = "SELECT count(*), count(*) FILTER (WHERE type = 'history.tick') FROM jobs"
    try:
        with psycopg.connect(dsn) as connection:
            [(jobs, ticks)] = connection.execute(sql)
    except psycopg.OperationalError:  # it was crashed a moment ago
        return False
    return bool(jobs > JOBS and ticks > TICKS)


class _State(NamedTuple):
    ended: int
    unended: int


def _state(dsn: str) -> _State:
    """How many jobs have ended, and how many jobs and dependencies are left."""
    with psycopg.connect(dsn) as connection:
        [row] = connection.execute(
            "SELECT count(*) FILTER (WHERE status = ANY (%s)), count(*) FILTER (WHERE status <> ALL"
            " (%s)) + (SELECT count(*) FROM conduit_blocked_jobs WHERE error IS NULL)"
            " + (SELECT count(*) FROM conduit_dependencies) FROM jobs",
            (list(ENDED), list(ENDED)),
        )
    return _State(*row)


def _registered(dsn: str) -> list[int]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT pid FROM conduit_workers ORDER BY pid").fetchall()
    return [pid for (pid,) in rows]


def _stop(dsn: str, processes: WorkerProcesses) -> list[str]:
    """Stop the workers gently; what is wrong with how they end, and with what they logged."""
    violations = []
    running = processes.running()
    for worker in running:
        worker.process.terminate()
    for worker in running:
        if (code := worker.process.wait(60)) != 0:
            violations.append(f"{worker.name} ended with {code}")
    for name, log in processes.logs().items():
        if "Traceback" in log:
            violations.append(f"{name} logged {log[log.index('Traceback') :][:2_000]}")
    with psycopg.connect(dsn) as connection:
        left = connection.execute("SELECT name FROM conduit_workers").fetchall()
    return [*violations, *(f"{name} is still registered" for (name,) in left)]


def _examine(history: History, report: Report) -> Report:
    violations, report.judged = check_order(history)
    report.violations += [
        *check(history),
        *check_pauses(history),
        *check_limits(history),
        *check_rates(history),
        *check_flows(history),
        *violations,
    ]
    report.jobs = len(history.by_job())
    report.ticks = sum(map(len, ticks_of(history.by_job()).values()))
    report.pauses = len(history.pauses)
    report.flows = sum(1 for promise in history.promises.values() if promise.waits_for)
    report.refused = len(history.refused) + sum(is_refused(move) for move in history.moves)
    report.renewals = sum(move.is_renewal for move in history.moves)
    report.results = len(history.results)
    if found := rescues(history):
        report.rescues = len(found)
        report.looked_on = max(each.looked_on for each in found).total_seconds()
        report.slowest_rescue = str(max(found, key=lambda each: each.after))
        report.violations += [str(each) for each in found if each.looked_on > LOOKING_ON]
    late = [*delays(history)]
    report.slowest = str(max(late, key=lambda each: each.time, default=report.slowest))
    report.violations += [str(each) for each in late if each.time > DELAY]
    began = [event for event in history.events if event.what == "began"]
    report.runs = len(began)
    report.repeats = len(began) - len({event.job for event in began})
    return report
