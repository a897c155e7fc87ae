"""The dashboard of a database and its viewers, in processes of their own, and a visit."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from ..database import Database
from ..processes import expect, tell

_SESSIONS = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'conduit-jobs dashboard'
  AND inet_server_addr() IS NULL
"""


@dataclass(frozen=True, slots=True)
class Served:
    """A running dashboard: its address, its process and its database."""

    url: str
    pid: int
    database: Database

    def used(self) -> float | None:
        """Seconds of processor time that the dashboard and its sessions have used.

        None if they cannot be read: on systems other than Linux, or with a server elsewhere.
        """
        sessions = [pid for (pid,) in self.database.run(_SESSIONS)]
        if not sessions or not Path("/proc/self/stat").exists():
            return None
        return sum(map(_used, [self.pid, *sessions]))


def _used(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(database: Database) -> Iterator[Served]:
    """Run a dashboard for the block."""
    with _process("server", database.dsn) as process:
        assert process.stdout is not None
        yield Served(process.stdout.readline().strip(), process.pid, database)


@contextmanager
def viewers(url: str, paths: Sequence[str]) -> Iterator[Callable[[bool], None]]:
    """Run a viewer of each of these pages in one process; the viewers come and go on a call.

    The call raises RuntimeError when a page has ended for one of the viewers.
    """
    with _process("viewers", url, *paths) as process:

        def watch(do_they: bool) -> None:
            tell(process)
            expect(process, "watching" if do_they else "left")

        yield watch


@contextmanager
def _process(module: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", f"benchmarks.dashboard.{module}", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def milliseconds(client: httpx.Client, path: str) -> float:
    """How long the page takes. Raises RuntimeError when the response is not the expected one."""
    started = time.perf_counter()
    answer = client.get(path)
    taken = (time.perf_counter() - started) * 1_000
    if answer.status_code != 200:
        raise RuntimeError(f"{path} is answered {answer.status_code}: {answer.text}")
    return taken
