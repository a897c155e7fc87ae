"""The bakery of these tests, compiled from `bakery/`, and its workers."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from waiting import until

SOURCE = Path(__file__).parent / "bakery"


class Bakery:
    """An application with jobs, in a folder of its own, on a database."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self._folder = folder
        self._dsn = dsn
        self.bank = folder / "bank"

    def take_orders(self, count: int) -> None:
        """Insert orders; their hooks enqueue two jobs each, to charge and to bake."""
        subprocess.run([sys.executable, "app.py", str(count)], check=True, **self._settings())

    def open_bank(self) -> None:
        """Let the bank charge cards from now on."""
        self.bank.touch()

    @contextmanager
    def worker(self, *options: str) -> Iterator[None]:
        """Run a worker process for the block; enter the block when its types are described."""
        command = ["conduit_runtime.cli", "worker", "jobs", "--services", "app:Services"]
        schedules = ["--schedules", "app:SCHEDULES"]
        process = subprocess.Popen(
            [sys.executable, "-m", *command, *schedules, *options], **self._settings()
        )
        try:
            until(lambda: self._is_described(process))
            yield
        finally:
            process.terminate()
            process.wait(120)

    def _is_described(self, process: "subprocess.Popen[bytes]") -> bool:
        assert process.poll() is None, "the worker ended"
        with psycopg.connect(self._dsn) as conn:
            found = conn.execute(
                "SELECT FROM conduit_workers"
                " WHERE pid = %s AND EXISTS (SELECT FROM conduit_job_types)",
                (process.pid,),
            )
            return found.fetchone() is not None

    def _settings(self) -> dict[str, object]:
        environment = os.environ | {"CONDUIT_DATABASE_URL": self._dsn, "BANK": str(self.bank)}
        return {"cwd": self._folder, "env": environment}


def compiled(folder: Path) -> Path:
    """Copy the bakery's sources to the folder, and compile their package."""
    copy = shutil.copytree(SOURCE, folder / "bakery")
    command = [sys.executable, "-m", "conduit_async.cli", "gen"]
    subprocess.run(command, cwd=copy, check=True, capture_output=True)
    return copy
