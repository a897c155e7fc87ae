"""The processes of a cluster run: gateways beside databases, and workers without one."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import event_files
from chaos_database import SETTINGS, create_database
from conduit_runtime import embedded
from links import Link, Links
from psycopg.conninfo import make_conninfo
from random_jobs import QUEUES
from worker_processes import JOBS, WorkerProcess, create_role


class Database:
    """A database on a server of its own; `gateways` holds the names of all its gateways so far."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._server = embedded.start(folder / name, settings=SETTINGS)
        self.data = self._server.folder / "data"
        self.dsn = create_database(self._server.dsn)
        self.gateways: set[str] = set()

    def close(self) -> None:
        """Stop the server."""
        self._server.close()


@dataclass(frozen=True)
class Part(WorkerProcess):
    """A gateway of a database, or a worker; it reaches the broker over `link`."""

    link: Link
    database: Database | None = None


class Parts:
    """Starts gateways and workers; `url` makes the broker's address for a user and a port."""

    def __init__(self, folder: Path, links: Links, url: Callable[[str, int], str]) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self._links = links
        self._url = url
        self._all: list[Part] = []

    def start_gateway(self, database: Database) -> Part:
        """Start a gateway. Its role in the database has its name."""
        name = f"gateway_{database.name}{len(database.gateways) + 1}"
        create_role(database.dsn, name)
        database.gateways.add(name)
        dsn = make_conninfo(database.dsn, user=name)
        return self._start(name, ["gateway", "history_jobs", "--dsn", dsn], database)

    def start_worker(self) -> Part:
        """Start a worker, which has no database."""
        name = f"worker_{len(self.workers) + 1}"
        return self._start(name, ["worker", "history_jobs", "--concurrency", "4"])

    def _start(self, name: str, arguments: list[str], database: Database | None = None) -> Part:
        link = self._links.new()
        for queue in QUEUES:
            arguments += ["--queue", queue]
        environment = {key: text for key, text in os.environ.items() if "DATABASE_URL" not in key}
        environment["CONDUIT_BROKER_URL"] = self._url(arguments[0], link.port)
        environment[event_files.VARIABLE] = str(self.folder / f"{name}.events")
        log = self.folder / f"{name}.log"
        command = [sys.executable, "-m", "conduit_runtime.cli", *arguments]
        with log.open("wb") as out:
            process = subprocess.Popen(command, cwd=JOBS, stdout=out, stderr=out, env=environment)
        part = Part(name, process, log, link, database)
        self._all.append(part)
        return part

    @property
    def workers(self) -> frozenset[str]:
        """The names of all workers so far, ended ones included."""
        return frozenset(part.name for part in self._all if part.database is None)

    def running(self, database: Database | None = None) -> list[Part]:
        """The gateways of a database, or the workers, that have not ended."""
        return [
            part for part in self._all if part.database is database and part.process.poll() is None
        ]

    def stop(self, databases: list[Database]) -> list[str]:
        """Stop workers, then gateways. Return what is wrong with their exits and their logs."""
        violations = []
        for group in (self.running(), [part for each in databases for part in self.running(each)]):
            for part in group:
                part.process.terminate()
            for part in group:
                try:
                    code = part.process.wait(120)
                except subprocess.TimeoutExpired:
                    violations.append(f"{part.name} did not end")
                    continue
                if code != 0:
                    violations.append(f"{part.name} ended with {code}")
        for part in self._all:
            log = part.log.read_text(errors="replace")
            # The logged stack of a blocked loop may name TracebackException.
            if (at := log.find("Traceback (most recent")) >= 0:
                violations.append(f"{part.name} logged {log[at:][:2_000]}")
        return violations

    def close(self) -> None:
        """Kill the processes that still run."""
        for part in self._all:
            if part.process.poll() is None:
                part.kill()
