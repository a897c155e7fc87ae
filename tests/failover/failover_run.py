"""A round: producers, workers, schedules and migrations while leaders fail, then the checks."""

import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from audit import Round
from chaos_database import create_database
from chaos_run import settle, stop
from conduit_runtime import Job, Queue
from controller import LIMIT, LIMITED, PERIOD, RATED, STARTS
from event_files import read_events
from faults import Fault, Faults
from history import Disturbance, History
from history_tables import read
from migrations import Migrations
from patient import PatientApplication
from patroni_node import PatroniNode
from postgres_cluster import HEALING, STARTING, PostgresCluster
from producers import Operator
from promotions import Promotion, Promotions
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from random_jobs import QUEUES
from resumptions import Failover
from unique_producer import UniqueProducer
from waiting import until
from worker_processes import WorkerProcesses

PROMOTING = 90.0
"""Seconds within which another node must lead."""
GOING_ON = 30.0
"""Seconds for which the workers are watched after a promotion."""


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
    """Make `count` leaders fail; `mode` is synchronous or asynchronous, `way` haproxy or hosts."""
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
        round_ = Round(seed, mode=mode, way=way)
        start = datetime.now(UTC)
        # Applications need this setting: without it they wait for a frozen server.
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
        round_.audit(history, folder, names)
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
    """Make a leader fail, and wait until another one leads and all nodes are healthy."""
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
    """Wait until a server can write again: another one leads, or the leader has free space."""
    if fault.lasts is None:
        return promotions.after(began, PROMOTING)
    try:
        return promotions.after(began, fault.lasts)
    except AssertionError:
        fault.undo(leader)
        return Promotion(leader, datetime.now(UTC))


def _watch(promotion: Promotion, dbname: object, workers: Sequence[str], history: History) -> None:
    """Give the workers jobs at the new leader until each has claimed, for at most `GOING_ON`."""
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
    history.confirmed |= dict.fromkeys((job.id for job in jobs), datetime.now(UTC))
