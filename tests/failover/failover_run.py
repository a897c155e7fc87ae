"""A round: producers, workers, schedules and migrations while leaders fail, then the checks."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from chaos_database import create_database
from chaos_run import settle, stop
from checker import check, ticks_of
from conduit_runtime import Job, Queue
from controller import LIMIT, LIMITED, PERIOD, RATED, STARTS
from controls import check_limits, check_rates
from event_files import read_events
from faults import Fault, Faults
from flows import check_flows
from history import Disturbance, History, read
from migrations import Migrations
from patient import PatientApplication
from patroni_node import PatroniNode
from postgres_cluster import HEALING, STARTING, PostgresCluster
from producers import Operator
from promotions import Promotion, Promotions
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from random_jobs import QUEUES
from resumptions import Failover, Resumption, resumptions
from timelines import Losses, check_continuity, separate
from unique_producer import UniqueProducer, check_unique, unique_jobs
from waiting import until
from worker_processes import WorkerProcesses

PROMOTING = 90.0
"""Seconds within which another node has to lead."""
GOING_ON = 30.0
"""Seconds for which the workers are watched after a promotion."""


@dataclass
class Round:
    """What a round showed."""

    mode: str
    way: str
    seed: int
    violations: list[str] = field(default_factory=list)
    failovers: list[Failover] = field(default_factory=list)
    resumed: list[Resumption] = field(default_factory=list)
    losses: Losses = field(default_factory=Losses)
    jobs: int = 0
    runs: int = 0
    repeats: int = 0
    ticks: int = 0
    flows: int = 0
    unique: int = 0
    migrations: str = ""
    application: str = ""
    settled_in: float = 0.0

    def __str__(self) -> str:
        return "\n".join(
            (
                f"{self.mode} replication, through {self.way}, seed {self.seed}: "
                f"{len(self.failovers)} failovers, {self.jobs:,} jobs, {self.runs:,} runs, "
                f"{self.repeats:,} repeats, {self.ticks:,} ticks, {self.flows:,} jobs of flows, "
                f"{self.unique:,} unique ones, {self.migrations}, {self.application}, "
                f"settled in {self.settled_in:.1f} s",
                f"lost with the old leaders: {len(self.losses.jobs)} jobs with the rows of their "
                f"transactions, {len(self.losses.attempts)} attempts, "
                f"{len(self.losses.rows)} rows of handlers",
                *self.violations[:20],
                *[f"and {len(self.violations) - 20:,} more violations"]
                * (len(self.violations) > 20),
            )
        )


def run_round(
    cluster: PostgresCluster,
    folder: Path,
    faults: Faults,
    *,
    mode: str,
    way: str,
    count: int,
    seed: int,
    workers: int = 3,
) -> Round:
    """Let so many leaders fail; `mode` is synchronous or asynchronous, `way` haproxy or hosts."""
    cluster.set_synchronous(mode == "synchronous")
    folder.mkdir()
    leader = until(cluster.leader, HEALING)
    dsn = make_conninfo(
        cluster.dsn(way), dbname=conninfo_to_dict(create_database(leader.dsn))["dbname"]
    )
    queues = [argument for queue in QUEUES for argument in ("--queue", queue)]
    processes = WorkerProcesses(dsn, folder, *queues, "--concurrency", "4", roles=True, copies=True)
    promotions = Promotions(cluster.nodes)
    try:
        names = [f"{mode}_{way}_{n}" for n in range(workers)]
        for name in names:
            processes.start(name)
        round_ = Round(mode, way, seed)
        start = datetime.now(UTC)
        # What an application needs of its own: it waits for no server that is frozen.
        patient = make_conninfo(dsn, connect_timeout=3)
        producers = [
            UniqueProducer(patient, seed + n, 0.1, large=200, every=20.0) for n in range(2)
        ]
        operator = Operator(patient, seed, pause=0.5)
        migrations = Migrations(patient)
        application = PatientApplication(patient, seed)
        actors = [*producers, operator, migrations, application]
        for actor in actors:
            actor.start()
        history = History(limits={LIMITED: LIMIT}, rates={RATED: (STARTS, PERIOD)})
        until(lambda: len({event.process for event in read_events(folder)}) == workers, STARTING)
        pick = random.Random(seed)
        for _ in range(count):
            time.sleep(pick.uniform(2, 5))  # the time between two faults, not a wait
            fault = faults.next()
            failover = _fail_over(cluster, promotions, fault, dsn, names, mode, way, history)
            print(f"  {fault.kind}: {failover.outage.total_seconds():.1f} s", flush=True)
            round_.failovers.append(failover)
        for actor in actors:
            actor.stop()
        round_.settled_in, unsettled = settle(patient)
        round_.violations += [*unsettled, *stop(patient, processes)]
        for producer in producers:
            history.confirmed |= producer.confirmed
            history.withdrawn |= producer.withdrawn
        history.confirmed |= application.confirmed
        history.cancelled |= operator.cancelled
        read(patient, history, start)
        _audit(round_, history, folder, names)
        round_.violations += migrations.check(is_synchronous=mode == "synchronous")
        round_.migrations = str(migrations)
        round_.application = str(application)
        return round_
    finally:
        promotions.close()
        processes.close()


def _fail_over(
    cluster: PostgresCluster,
    promotions: Promotions,
    fault: Fault,
    dsn: str,
    workers: Sequence[str],
    mode: str,
    way: str,
    history: History,
) -> Failover:
    """Have a leader fail; returns when another leads, and all nodes are well."""
    leader = until(cluster.leader, HEALING)
    began = datetime.now(UTC)
    try:
        fault.do(leader)
        promotion = _promotion(promotions, fault, leader, began)
        _watch(promotion, conninfo_to_dict(dsn)["dbname"], workers, history)
    finally:
        fault.undo(leader)
    cluster.heal()
    healed = datetime.now(UTC)
    history.disturbances.append(Disturbance("", "failover", began, healed))
    return Failover(mode, way, fault.kind, began, promotion, healed)


def _promotion(
    promotions: Promotions, fault: Fault, leader: PatroniNode, began: datetime
) -> Promotion:
    """When a server could write again: another one leads, or the leader has room again."""
    if fault.lasts is None:
        return promotions.after(began, PROMOTING)
    try:
        return promotions.after(began, fault.lasts)
    except AssertionError:
        fault.undo(leader)
        return Promotion(leader, datetime.now(UTC))


def _watch(promotion: Promotion, dbname: object, workers: Sequence[str], history: History) -> None:
    """Give the workers enough to do at the new leader, until each has claimed or for a while."""
    deadline = time.monotonic() + GOING_ON
    went_on: set[str] = set()
    while not went_on.issuperset(workers) and time.monotonic() < deadline:
        with psycopg.connect(promotion.node.dsn, dbname=str(dbname), user="producer") as connection:
            _feed(connection, history)
            rows = connection.execute(
                "SELECT DISTINCT process FROM moves WHERE before = 'pending' AND after = 'running'"
                " AND asked_at > %s",
                (promotion.at,),
            ).fetchall()
        went_on |= {process for (process,) in rows}
        time.sleep(0.3)  # until the next jobs


def _feed(connection: psycopg.Connection, history: History) -> None:
    payload = {"seconds": 0.05, "failures": 0, "children": 0}
    jobs = [Job(QUEUES[0], "history.work", payload, 100, 50) for _ in range(20)]
    for job in jobs:
        connection.execute("INSERT INTO promises VALUES (%s)", (job.id,))
    Queue("").enqueue_many(jobs, conn=connection)
    connection.commit()
    history.confirmed |= {job.id for job in jobs}


def _audit(round_: Round, history: History, copies: Path, workers: Sequence[str]) -> None:
    losses = round_.losses = separate(history, [*read_events(copies)])
    if round_.mode == "synchronous":
        round_.violations += [f"{job}: was confirmed, and is lost" for job in losses.jobs]
        round_.violations += [
            f"{row.job}: what its handler committed is lost: {row.what} in {row.process}"
            for row in losses.rows
        ]
        round_.violations += [
            f"{job}: ran, and its claim {token} is lost" for job, token in losses.attempts
        ]
    round_.violations += [
        *check(history),
        *check_continuity(history),
        *check_limits(history),
        *check_rates(history),
        *check_flows(history),
        *check_unique(history),
    ]
    jobs = history.by_job()
    began = [event for event in history.events if event.what == "began"]
    round_.jobs, round_.runs = len(jobs), len(began)
    round_.repeats = len(began) - len({event.job for event in began})
    round_.ticks = sum(map(len, ticks_of(jobs).values()))
    round_.flows = sum(1 for promise in history.promises.values() if promise.waits_for)
    round_.unique = len(unique_jobs(history))
    round_.resumed = resumptions(history, round_.failovers, workers)
