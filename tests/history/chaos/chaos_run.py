"""A chaos run: producers, workers and chaos for a set time, then the checks of its history."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from chaos import Chaos
from chaos_database import SETTINGS, create_database, end_schedules, registered, state_of, unended
from chaos_report import Report
from clock import Clock, library
from conduit_runtime import embedded
from controller import LIMIT, LIMITED, PERIOD, RATED, STARTS, Controller
from event_files import read_events
from history import History
from history_jobs import MAY_BE_ISOLATED
from history_tables import read
from keyed_jobs import KEYED, KeyedProducer
from producers import Flood, Operator, Producer
from random_jobs import BATCHED, QUEUES
from waiting import until
from worker_processes import WorkerProcess, WorkerProcesses

ISOLATED = 5
"""How many job types are isolated."""
RARE = tuple(each for each in MAY_BE_ISOLATED if each != "history.work")
"""The job types of which few jobs run: a short run needs the time of the others."""
JOBS, TICKS, KEYED_JOBS = 300, 20, 20
"""The least number of each that a run needs."""
LAST, APART = 40, 0.1
"""How many jobs run in the end, when one worker is left, and the seconds between them."""
PATIENCE = 4
"""How many times as long a run may take to reach these."""
SETTLING = 60.0
"""Seconds within which at least one job must end after the disturbances, until all have ended."""


def run(
    folder: Path,
    seconds: float,
    seed: int,
    workers: int = 3,
    large: tuple[int, float] = (1_000, 8),
    keyed: float = 0.8,
    may_be_isolated: Sequence[str] = RARE,
) -> Report:
    """Run for so many seconds in a database server of the run's own, kept in the folder.

    On a slow machine the run lasts longer, until enough has happened to check. `large` are the
    members of a large flow, and the seconds until the next; `keyed` are the seconds between
    transactions that enqueue jobs with keys. Half of the job types are isolated, others for each
    seed, among `may_be_isolated`. The server's clock jumps if libfaketime is installed.
    """
    path = library()
    clock = None if path is None else Clock(folder, path)
    with clock.installed() if clock else nullcontext():
        started = embedded.start(folder / "postgres", settings=SETTINGS)
    with started as server:
        if clock is not None and not clock.moves(server.dsn):
            clock = None
        dsn = create_database(server.dsn)
        logs = folder / "logs"
        logs.mkdir(exist_ok=True)
        queues = [argument for queue in (*QUEUES, KEYED) for argument in ("--queue", queue)]
        pick = random.Random(f"isolated {seed}")
        isolated = sorted(pick.sample(may_be_isolated, ISOLATED))
        processes = WorkerProcesses(
            dsn, logs, *queues, "--concurrency", "4", roles=True, isolated=isolated
        )
        try:
            chaos = Chaos(dsn, server.folder / "data", processes, workers, seed, clock)
            producers = _producers(dsn, seed, large, keyed)
            is_enough = _is_enough(dsn, seconds)
            return disturb(dsn, processes, chaos, producers, (*QUEUES, KEYED), seed, is_enough)
        finally:
            processes.close()


def _producers(dsn: str, seed: int, large: tuple[int, float], keyed: float) -> list[Producer]:
    flows = [
        Producer(dsn, seed + n, 0.1, large=members, every=every)
        for n, (members, every) in enumerate([large, (20, 5)])
    ]
    return [*flows, KeyedProducer(dsn, seed, keyed)]


def _is_enough(dsn: str, seconds: float) -> Callable[[], bool]:
    """Whether so many seconds have passed, and enough has happened to check."""
    began = time.monotonic()

    def is_enough() -> bool:
        passed = time.monotonic() - began
        return passed >= seconds and (passed >= PATIENCE * seconds or _proves_something(dsn))

    return is_enough


def disturb(
    dsn: str,
    processes: WorkerProcesses,
    chaos: Chaos,
    producers: list[Producer],
    queues: Sequence[str],
    seed: int,
    is_enough: Callable[[], bool],
) -> Report:
    """Let chaos act beside the producers until it is enough, then let all end, and check it."""
    start = datetime.now(UTC)
    controller = Controller(dsn, seed, 2, queues)
    operator = Operator(dsn, seed, pause=0.5)
    actors = [*producers, operator, controller]
    pauses = random.Random(seed)
    for actor in actors:
        actor.start()
    while not is_enough():
        time.sleep(pauses.uniform(0.1, 2))  # the time between two disturbances, not a wait
        chaos.act()
    chaos.end()
    for actor in actors:
        actor.stop()
    kinds = Counter(each.kind for each in chaos.disturbances)
    report = Report(seed, disturbances=kinds, isolated=processes.isolated)
    report.disturbances += Counter(jump=len(chaos.jumps))
    report.settled_in, unsettled = settle(dsn)
    report.violations += unsettled
    # Only a living worker deregisters a killed one, and it may need a moment.
    running = sorted(worker.process.pid for worker in processes.running())
    try:
        until(lambda: registered(dsn) == running, SETTLING)
    except AssertionError:
        report.violations.append(f"{running} run, and {registered(dsn)} are registered")
    *others, _ = processes.running()
    report.violations += ended(others)
    producers.append(_last_jobs(dsn, seed))
    report.violations += [*settle(dsn)[1], *stop(dsn, processes)]
    history = History(
        disturbances=chaos.disturbances,
        jumps=chaos.jumps,
        pauses=controller.pauses,
        cancelled=operator.cancelled,
        limits={LIMITED: LIMIT},
        rates={RATED: (STARTS, PERIOD)},
        batched=BATCHED,
    )
    for producer in producers:
        history.confirmed |= producer.confirmed
        history.withdrawn |= producer.withdrawn
    read(dsn, history, start)
    history.events += read_events(processes.folder)
    report.examine(history)
    return report


def settle(dsn: str, patience: float = SETTLING) -> tuple[float, list[str]]:
    """Disable the schedules and wait until all jobs have ended: the seconds, and violations.

    It is a violation if no job ends for `patience` seconds.
    """
    end_schedules(dsn)
    started = time.monotonic()
    try:
        # However slow the machine, jobs keep ending.
        state = state_of(dsn)
        while state.unended:
            until(lambda: state_of(dsn) != state, patience)  # noqa: B023
            state = state_of(dsn)
    except AssertionError:
        what = f"for {patience:.0f} s none of what was left ended: {unended(dsn)}"
        return time.monotonic() - started, [what]
    return time.monotonic() - started, []


def _proves_something(dsn: str) -> bool:
    sql = (
        "SELECT count(*), count(*) FILTER (WHERE type = 'history.tick'),"
        " count(*) FILTER (WHERE key IS NOT NULL),"
        " count(*) FILTER (WHERE error LIKE 'expired: %') FROM jobs"
    )
    try:
        with psycopg.connect(dsn) as connection:
            [(jobs, ticks, keyed, expired)] = connection.execute(sql)
    except psycopg.OperationalError:  # the server crashed a moment ago
        return False
    return bool(jobs > JOBS and ticks > TICKS and keyed > KEYED_JOBS and expired)


def _last_jobs(dsn: str, seed: int) -> Producer:
    """Enqueue jobs for a worker that is alone: only claims that do not overlap are judged."""
    flood = Flood(dsn, seed, LAST, APART)
    flood.start()
    until(lambda: flood.is_done, SETTLING)
    flood.stop()
    return flood


def ended(workers: Sequence[WorkerProcess]) -> list[str]:
    """Stop these workers gently; return what is wrong with their exits."""
    for worker in workers:
        worker.process.terminate()
    codes = {worker.name: worker.process.wait(60) for worker in workers}
    return [f"{name} ended with {code}" for name, code in codes.items() if code != 0]


def stop(dsn: str, processes: WorkerProcesses) -> list[str]:
    """Stop the workers gently; return what is wrong with their exits and their logs."""
    violations = ended(processes.running())
    for name, log in processes.logs().items():
        # The logged stack of a blocked loop may name TracebackException.
        if (at := log.find("Traceback (most recent")) >= 0:
            violations.append(f"{name} logged {log[at:][:2_000]}")
    with psycopg.connect(dsn) as connection:
        left = connection.execute("SELECT name FROM conduit_workers").fetchall()
    return [*violations, *(f"{name} is still registered" for (name,) in left)]
