"""A chaos run: producers, workers and chaos for a set time, then the checks of its history."""

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import LiteralString
from uuid import uuid4

import psycopg
from chaos import Chaos
from checker import ENDED, TICK, check, ticks_of
from conduit_runtime import CronScheduler, Queue, Schedule, embedded, migrate
from controller import LIMIT, LIMITED, Controller
from controls import check_limits, check_pauses
from fleet_of_workers import Fleet, create_role
from history import SCHEMA, History, read
from order import check_order
from producers import QUEUES, Operator, Producer
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier
from rescues import LIMIT as LOOKING_ON
from rescues import rescues
from waiting import until

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
    disturbances: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        disturbances = ", ".join(f"{n} × {kind}" for kind, n in sorted(self.disturbances.items()))
        lines = [
            f"seed {self.seed}: {self.jobs:,} jobs, {self.runs:,} runs, {self.repeats:,} repeats, "
            f"order judged in {self.judged:,} claims, {self.ticks:,} ticks, "
            f"settled in {self.settled_in:.1f} s, "
            f"{self.pauses} pauses; {disturbances}",
            f"{self.rescues} rescues after kills, nobody looked on for longer than "
            f"{self.looked_on:.1f} s; the slowest: {self.slowest_rescue}",
            *self.violations[:20],
        ]
        if len(self.violations) > 20:
            lines.append(f"and {len(self.violations) - 20:,} more violations")
        return "\n".join(lines)


def run(folder: Path, seconds: float, seed: int, workers: int = 3) -> Report:
    """Run for so many seconds in a database server of the run's own, kept in the folder.

    On a slow machine it takes longer, until enough has happened for the history to say something.
    """
    with embedded.start(folder / "postgres", settings=SETTINGS) as server:
        dsn = _database(server.dsn)
        logs = folder / "logs"
        logs.mkdir(exist_ok=True)
        queues = [argument for queue in QUEUES for argument in ("--queue", queue)]
        fleet = Fleet(dsn, logs, *queues, "--concurrency", "4", roles=True)
        try:
            return _run(dsn, server.folder / "data", fleet, seconds, seed, workers)
        finally:
            fleet.close()


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
    return dsn


def _run(dsn: str, data: Path, fleet: Fleet, seconds: float, seed: int, workers: int) -> Report:
    chaos = Chaos(dsn, data, fleet, workers, seed)
    producers = [Producer(dsn, seed + n, pause=0.1) for n in range(2)]
    controller = Controller(dsn, seed, pause=2)
    actors = [*producers, Operator(dsn, seed, pause=0.5), controller]
    pauses = random.Random(seed)
    for actor in actors:
        actor.start()
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds or (
        passed < PATIENCE * seconds and not _proves_something(dsn)
    ):
        time.sleep(pauses.uniform(0.1, 2))  # the time between two disturbances, not a wait
        chaos.act()
    for actor in actors:
        actor.stop()
    with Queue(dsn) as queue:
        for schedule in SCHEDULES:
            CronScheduler(queue).disable(schedule.name)
    started = time.monotonic()
    report = Report(seed, disturbances=Counter(each.kind for each in chaos.disturbances))
    try:
        # However slow the machine, work goes on.
        ended = _count(dsn, "= ANY")
        while _count(dsn, "<> ALL"):
            until(lambda: _count(dsn, "= ANY") > ended, SETTLING)  # noqa: B023
            ended = _count(dsn, "= ANY")
    except AssertionError:
        report.violations.append(f"for {SETTLING:.0f} s none of what was left ended")
    report.settled_in = time.monotonic() - started
    # A worker killed a moment ago is struck off by one that lives, and not by nobody.
    running = sorted(worker.process.pid for worker in fleet.running())
    try:
        until(lambda: _registered(dsn) == running, SETTLING)
    except AssertionError:
        report.violations.append(f"{running} run, and {_registered(dsn)} are registered")
    report.violations += _stop(dsn, fleet)
    history = History(
        disturbances=chaos.disturbances, pauses=controller.pauses, limits={LIMITED: LIMIT}
    )
    for producer in producers:
        history.confirmed |= producer.confirmed
        history.withdrawn |= producer.withdrawn
    read(dsn, history)
    return _examine(history, report)


def _proves_something(dsn: str) -> bool:
    sql = "SELECT count(*), count(*) FILTER (WHERE type = 'history.tick') FROM jobs"
    try:
        with psycopg.connect(dsn) as connection:
            [(jobs, ticks)] = connection.execute(sql)
    except psycopg.OperationalError:  # it was crashed a moment ago
        return False
    return bool(jobs > JOBS and ticks > TICKS)


def _count(dsn: str, how: LiteralString) -> int:
    """How many jobs have a status that compares so with those that are ends."""
    with psycopg.connect(dsn) as connection:
        sql = f"SELECT count(*) FROM jobs WHERE status {how} (%s)"
        [(count,)] = connection.execute(sql, (list(ENDED),))
    return int(count)


def _registered(dsn: str) -> list[int]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT pid FROM conduit_workers ORDER BY pid").fetchall()
    return [pid for (pid,) in rows]


def _stop(dsn: str, fleet: Fleet) -> list[str]:
    """Stop the workers gently; what is wrong with how they end, and with what they logged."""
    violations = []
    running = fleet.running()
    for worker in running:
        worker.process.terminate()
    for worker in running:
        if (code := worker.process.wait(60)) != 0:
            violations.append(f"{worker.name} ended with {code}")
    for name, log in fleet.logs().items():
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
        *violations,
    ]
    report.jobs = len(history.by_job())
    report.ticks = sum(map(len, ticks_of(history.by_job()).values()))
    report.pauses = len(history.pauses)
    if found := rescues(history):
        report.rescues = len(found)
        report.looked_on = max(each.looked_on for each in found).total_seconds()
        report.slowest_rescue = str(max(found, key=lambda each: each.after))
        report.violations += [str(each) for each in found if each.looked_on > LOOKING_ON]
    began = [event for event in history.events if event.what == "began"]
    report.runs = len(began)
    report.repeats = len(began) - len({event.job for event in began})
    return report
