"""Worker processes, as an operator starts them."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import event_files
import history_jobs
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

JOBS = Path(event_files.__file__).parent
"""The folder of the module with the jobs."""


@dataclass(frozen=True)
class WorkerProcess:
    """A running `conduit-jobs worker`."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """End the process with signal 9."""
        self.process.kill()
        self.process.wait()


class WorkerProcesses:
    """Starts workers; `close` kills those that still run.

    With `roles` each worker connects as a role of its own name, so the database knows it. With
    `copies` each worker also writes the events of its handlers to a file that
    `event_files.read_events` reads; with `files` it writes them there only. `isolated` are job
    types that run in processes of their own. `program` replaces `conduit-jobs worker` as what
    Python runs.
    """

    def __init__(
        self,
        dsn: str,
        folder: Path,
        *arguments: str,
        program: Sequence[str] = ("-m", "conduit_runtime.cli", "worker"),
        roles: bool = False,
        copies: bool = False,
        files: bool = False,
        isolated: Sequence[str] = (),
    ) -> None:
        self._dsn = dsn
        self.folder = folder
        self._arguments = arguments
        self._program = program
        self._roles = roles
        self._copies = copies
        self._files = files
        self.isolated = isolated
        self.workers: list[WorkerProcess] = []

    def start(self, name: str, *arguments: str) -> WorkerProcess:
        """Start a worker under a new name."""
        dsn = self._dsn
        if self._roles:
            create_role(dsn, name)
            dsn = make_conninfo(dsn, user=name)
        log = self.folder / f"{name}.log"
        command = [sys.executable, *self._program, "history_jobs", "--dsn", dsn]
        command += [*self._arguments, *arguments]
        given = {history_jobs.VARIABLE: " ".join(self.isolated)}
        if self._copies:
            given[event_files.COPY] = str(self.folder / f"{name}.events")
        if self._files:
            given[event_files.VARIABLE] = str(self.folder / f"{name}.events")
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, cwd=JOBS, stdout=out, stderr=out, env=os.environ | given
            )
        worker = WorkerProcess(name, process, log)
        self.workers.append(worker)
        return worker

    def running(self) -> list[WorkerProcess]:
        """The workers that have not ended."""
        return [worker for worker in self.workers if worker.process.poll() is None]

    def logs(self) -> dict[str, str]:
        """The log of each worker, by its name."""
        return {worker.name: worker.log.read_text(errors="replace") for worker in self.workers}

    def close(self) -> None:
        """Kill the workers that still run."""
        for worker in self.running():
            worker.kill()


def create_role(dsn: str, name: str) -> None:
    """Create a role that may do everything, if it does not exist."""
    with suppress(psycopg.errors.DuplicateObject), psycopg.connect(dsn) as connection:
        connection.execute(SQL("CREATE ROLE {} LOGIN SUPERUSER").format(Identifier(name)))
