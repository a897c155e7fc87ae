"""The faults of a chaos run: of workers, of the server, and of the server's clock."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from clock import Clock
from history import Disturbance
from postgres_crash import crash_postgres
from waiting import until
from worker_processes import WorkerProcess, WorkerProcesses


class Chaos:
    """Disturbs `size` workers, and records what it did.

    `jumps` are the times at which the clock jumped, if it can.
    """

    def __init__(
        self,
        dsn: str,
        data: Path,
        processes: WorkerProcesses,
        size: int,
        seed: int,
        clock: Clock | None,
    ) -> None:
        self._dsn = dsn
        self._data = data
        self._processes = processes
        self._random = random.Random(f"chaos {seed}")
        self._clock = clock
        self._deck: list[Callable[[WorkerProcess], None]] = []
        self._started = 0
        self.disturbances: list[Disturbance] = []
        self.jumps: list[datetime] = []
        for _ in range(size):
            self.start_worker()

    def act(self) -> None:
        """Disturb something, from a shuffled deck of all kinds."""
        if not self._deck:
            self._deck = [
                *[self.kill] * 3,
                *[self.freeze] * 2,
                self.freeze_and_cut,
                *[self.cut] * 2,
                self.stop_gently,
                self.crash_server,
                *[self.hold_claims] * 2,
                *[self.lock_heartbeats] * 2,
                *([self.jump] * 2 if self._clock is not None else ()),
            ]
            self._random.shuffle(self._deck)
        self._deck.pop()(self._random.choice(self._processes.running()))

    def start_worker(self) -> None:
        """Start another worker."""
        self._started += 1
        self._processes.start(f"worker_{self._started}")

    def kill(self, worker: WorkerProcess) -> None:
        """Kill a worker with signal 9, preferably while it holds a job, and start another one."""
        with suppress(AssertionError):
            until(lambda: self._holds_a_job(worker), 2)
        began = datetime.now(UTC)
        worker.kill()
        self._note(worker.name, "kill", began)
        self.start_worker()

    def freeze(self, worker: WorkerProcess) -> None:
        """Stop a worker's process for a while; its connections stay."""
        began = datetime.now(UTC)
        worker.send(signal.SIGSTOP)
        time.sleep(self._random.uniform(0.2, 4))
        worker.send(signal.SIGCONT)
        self._note(worker.name, "freeze", began)

    def freeze_and_cut(self, worker: WorkerProcess) -> None:
        """Freeze a worker and cut its connections, long enough for others to take its jobs."""
        began = datetime.now(UTC)
        worker.send(signal.SIGSTOP)
        self.cut(worker)
        time.sleep(self._random.uniform(4, 6))
        worker.send(signal.SIGCONT)
        self._note(worker.name, "freeze", began)

    def cut(self, worker: WorkerProcess) -> None:
        """Terminate every backend of a worker."""
        began = datetime.now(UTC)
        self._terminate_backends(worker)
        self._note(worker.name, "cut", began)

    def stop_gently(self, worker: WorkerProcess) -> None:
        """End a worker as a deployment does, and start another one."""
        began = datetime.now(UTC)
        worker.send(signal.SIGTERM)
        self.start_worker()
        worker.process.wait(60)
        self._note(worker.name, "stop", began)

    def crash_server(self, worker: WorkerProcess | None = None) -> None:
        """Crash Postgres, which starts again."""
        began = datetime.now(UTC)
        crash_postgres(self._dsn, self._data)
        self._note("", "crash", began)

    def hold_claims(self, worker: WorkerProcess) -> None:
        """Stop the server process that claims for a worker, then let it continue."""
        began = datetime.now(UTC)
        with psycopg.connect(self._dsn) as connection:
            rows = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE (usename, application_name) = (%s, %s)",
                (worker.name, "conduit claims"),
            ).fetchall()
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for (pid,) in rows:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            if number == signal.SIGSTOP:
                time.sleep(self._random.uniform(0.5, 5))
        self._note(worker.name, "hold", began)

    def lock_heartbeats(self, worker: WorkerProcess) -> None:
        """Lock the table of the workers, so that no worker can write its heartbeat."""
        began = datetime.now(UTC)
        with psycopg.connect(self._dsn) as connection:
            connection.execute("LOCK TABLE conduit_workers")
            time.sleep(self._random.uniform(1, 5))
        self._note("", "lock", began)

    def jump(self, worker: WorkerProcess) -> None:
        """Set the server's clock back, or forward again. That disturbs no process."""
        if self._clock is not None:
            self.jumps.append(datetime.now(UTC))
            self._clock.jump()

    def end(self) -> None:
        """Set the clock right."""
        if self._clock is not None:
            self.jumps.append(datetime.now(UTC))
            self._clock.set_right()

    def _holds_a_job(self, worker: WorkerProcess) -> bool:
        with psycopg.connect(self._dsn) as connection:
            sql = "SELECT FROM jobs WHERE status = 'running' AND locked_by LIKE %s"
            return connection.execute(sql, (f"%-{worker.process.pid}-%",)).rowcount > 0

    def _terminate_backends(self, worker: WorkerProcess) -> None:
        with psycopg.connect(self._dsn) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s",
                (worker.name,),
            )

    def _note(self, process: str, kind: str, began: datetime) -> None:
        self.disturbances.append(Disturbance(process, kind, began, datetime.now(UTC)))
