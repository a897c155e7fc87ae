"""Kills workers in the middle of a statement, and lets others rescue their jobs."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import halted_worker
import psycopg
from conduit_runtime import Job, Queue
from psycopg.sql import SQL, Identifier
from waiting import until
from worker_processes import WorkerProcess, WorkerProcesses

SCHEMA = Path(__file__).with_name("crash_points.sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class CrashPoint:
    """Where a worker is killed, and how its job has to end.

    The worker is killed (with `dies`) while the statement of `step` waits. Then the statement is
    either committed, as if its response had been lost, or broken off, as if it had never arrived.
    With `stopped` the worker is asked to stop first. With `avenged` the worker that comes to rescue
    the job is killed in turn. `work` is the payload; `runs` is how often the handler begins in all.
    """

    name: str
    step: str
    committed: bool
    runs: int
    attempts: int
    work: dict[str, Any] = field(default_factory=dict)
    status: str = "completed"
    max_attempts: int = 3
    dies: bool = True
    stopped: bool = False
    avenged: bool = False

    @property
    def queue(self) -> str:
        """The queue that only this crash point uses."""
        return self.name.replace(", ", "-").replace(" ", "-")


@dataclass(frozen=True)
class Aftermath:
    """The outcome of a crash point's job."""

    status: str
    runs: int
    attempts: int
    children: int
    held: bool


class Stage:
    """One database on which many workers die at once, each at its own point."""

    def __init__(self, dsn: str, folder: Path) -> None:
        self._dsn = dsn
        self._exits = ExitStack()
        program = [halted_worker.__file__]
        self._processes = WorkerProcesses(dsn, folder, "--concurrency", "2", program=program)
        self._queue = self._exits.enter_context(Queue(dsn))
        self._database = self._exits.enter_context(psycopg.connect(dsn, autocommit=True))
        # A server that checks for lost clients would break off statements that must be committed.
        self._database.execute(
            SQL("ALTER DATABASE {} SET client_connection_check_interval = 0").format(
                Identifier(self._database.info.dbname)
            )
        )
        self._exits.callback(self._processes.close)

    def close(self) -> None:
        """Close the connections, and kill the workers that still run."""
        self._exits.close()

    def play(self, points: Iterable[CrashPoint]) -> dict[str, Aftermath]:
        """Kill a worker at each crash point; return how each job ended, by the point's name."""
        # The worker whose rescuer dies is the last to die: no other worker must rescue its job.
        points = sorted(points, key=lambda point: point.avenged)
        jobs = {point.name: self._enqueue(point) for point in points}
        victims = [self._start(point) for point in points]
        stage = list(zip(points, victims, strict=True))
        # All at once, before their jobs have ended: killing the others takes a while.
        for point, victim in stage:
            if point.stopped:
                self._until_on_record(jobs[point.name], point)
                victim.process.terminate()
        for point, victim in stage:
            if point.dies and not point.stopped:
                self._until_on_record(jobs[point.name], point)
            self._crash(point, victim)
        queues = [argument for point in points for argument in ("--queue", point.queue)]
        for point in points:
            if point.avenged:
                self._halt(point, "rescue")
                self._crash(point, self._start(point, "rescuer"))
        rescuer = self._processes.start("last rescuer", *queues, "--queue", "parcels")
        until(self._all_ended, 180)
        rescuer.process.terminate()
        rescuer.process.wait(120)
        return {point.name: self._aftermath(jobs[point.name], point) for point in points}

    def _enqueue(self, point: CrashPoint) -> Job:
        payload = {"seconds": 0, "failures": 0, "children": 2} | point.work
        self._halt(point, point.step)
        job = Job(point.queue, "history.work", payload, max_attempts=point.max_attempts)
        return self._queue.enqueue(job)

    def _halt(self, point: CrashPoint, step: str) -> None:
        self._database.execute(
            "SELECT pg_advisory_lock(hashtext('halt'), hashtext(%s))", (point.queue,)
        )
        self._database.execute("INSERT INTO halts VALUES (%s, %s)", (point.queue, step))

    def _start(self, point: CrashPoint, role: str = "victim") -> WorkerProcess:
        return self._processes.start(
            f"{role} {point.queue}", "--queue", point.queue, "--grace", "0"
        )

    def _until_on_record(self, job: Job, point: CrashPoint) -> None:
        """Wait until the start of the attempt is on record, if the attempt takes a while."""
        if point.step in ("began", "ended", "release"):
            until(lambda: (self._queue.get(job.id) or job).attempts, 180)

    def _crash(self, point: CrashPoint, victim: WorkerProcess) -> None:
        waiting = until(lambda: self._waiting(point), 180)
        if point.dies:
            victim.kill()
        self._database.execute("DELETE FROM halts WHERE queue = %s", (point.queue,))
        if not point.committed:
            self._database.execute("SELECT pg_terminate_backend(%s, 10000)", (waiting,))
        self._database.execute(
            "SELECT pg_advisory_unlock(hashtext('halt'), hashtext(%s))", (point.queue,)
        )
        until(lambda: not (point.dies and self._is_connected(waiting)))

    def _waiting(self, point: CrashPoint) -> int | None:
        row = self._database.execute(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
            "AND (classid::bigint, objid::bigint) = "
            "(hashtext('halt')::bigint & 4294967295, hashtext(%s)::bigint & 4294967295)",
            (point.queue,),
        ).fetchone()
        return None if row is None else row[0]

    def _is_connected(self, pid: int | None) -> bool:
        sql = "SELECT FROM pg_stat_activity WHERE pid = %s"
        return self._database.execute(sql, (pid,)).rowcount > 0

    def _all_ended(self) -> bool:
        sql = "SELECT FROM jobs WHERE status IN ('pending', 'running')"
        return self._database.execute(sql).rowcount == 0

    def _aftermath(self, job: Job, point: CrashPoint) -> Aftermath:
        def count(sql: str) -> int:
            row = self._database.execute(sql, (str(job.id),)).fetchone()
            assert row is not None
            return int(row[0])

        stored = self._queue.get(job.id)
        assert stored is not None
        # On a slow machine the start of a quick attempt is on record as well, and so is its death:
        # it counts, and takes the place of the run that would fail.
        deaths = sum("the worker died" in error["error"] for error in stored.errors)
        runs = count("SELECT count(*) FROM events WHERE job = %s AND what = 'began'")
        return Aftermath(
            status=stored.status.value,
            runs=runs + deaths * (point.step == "fail"),
            attempts=stored.attempts - deaths * (point.step == "complete"),
            children=count("SELECT count(*) FROM jobs WHERE payload->>'parent' = %s"),
            held=(stored.token, stored.locked_by) != (None, None),
        )
