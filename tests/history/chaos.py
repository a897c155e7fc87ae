"""What goes wrong: workers die, freeze and are cut off, the server crashes."""

import os
import random
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from fleet_of_workers import Fleet, WorkerProcess
from history import Disturbance
from waiting import until


class Chaos:
    """Disturbs a fleet of `size` workers, and notes what it did."""

    def __init__(self, dsn: str, data: Path, fleet: Fleet, size: int, seed: int) -> None:
        self._dsn = dsn
        self._data = data
        self._fleet = fleet
        self._random = random.Random(f"chaos {seed}")
        self._started = 0
        self.disturbances: list[Disturbance] = []
        for _ in range(size):
            self.start_worker()

    def act(self) -> None:
        """Disturb something."""
        worker = self._random.choice(self._fleet.running())
        deeds: list[Callable[[WorkerProcess], None]] = [
            *[self.kill] * 3,
            *[self.freeze] * 2,
            self.freeze_and_cut,
            *[self.cut] * 2,
            self.stop_gently,
            self.crash_server,
        ]
        self._random.choice(deeds)(worker)

    def start_worker(self) -> None:
        """Start another worker."""
        self._started += 1
        self._fleet.start(f"worker_{self._started}")

    def kill(self, worker: WorkerProcess) -> None:
        """Kill a worker with signal 9; another one starts."""
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
        """Freeze a worker and cut its connections, for long enough that its jobs are taken."""
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
        """End a worker as a deployment does; another one starts."""
        began = datetime.now(UTC)
        worker.send(signal.SIGTERM)
        self.start_worker()
        worker.process.wait(60)
        self._note(worker.name, "stop", began)

    def crash_server(self, worker: WorkerProcess | None = None) -> None:
        """End Postgres as `pg_ctl stop -m immediate` does; its supervisor starts it again."""
        began = datetime.now(UTC)
        old = until(self._postmaster)
        os.kill(old, signal.SIGQUIT)
        until(lambda: self._postmaster() not in (None, old))
        until(self._answers)
        self._note("", "crash", began)

    def _postmaster(self) -> int | None:
        """The server's process; None while there is none."""
        try:
            return int((self._data / "postmaster.pid").read_text().split()[0])
        except (FileNotFoundError, IndexError):
            return None

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._dsn).close()
        except psycopg.OperationalError:
            return False
        return True

    def _terminate_backends(self, worker: WorkerProcess) -> None:
        with psycopg.connect(self._dsn) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s",
                (worker.name,),
            )

    def _note(self, process: str, kind: str, began: datetime) -> None:
        self.disturbances.append(Disturbance(process, kind, began, datetime.now(UTC)))
