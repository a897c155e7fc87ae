"""The processor time of processes, in seconds, as Linux counts it."""

import os
from contextlib import suppress
from pathlib import Path

from ..database import Database

_TICKS = os.sysconf("SC_CLK_TCK")
_OWN, _WITH_ENDED = slice(10, 12), slice(10, 14)
"""Where /proc/PID/stat has the time in user and kernel mode, counted from the parent's id."""


def of_process(pid: int) -> float:
    """The processor time that a process has used so far."""
    return sum(_stat(pid)[_OWN]) / _TICKS


def of_postgres(database: Database) -> float:
    """The processor time that the server has used so far, including sessions that have ended."""
    [(folder,)] = database.run("SHOW data_directory")
    server = int((Path(folder) / "postmaster.pid").read_text().split("\n")[0])
    sessions = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    used = sum(_stat(server)[_WITH_ENDED])
    for session in sessions:
        with suppress(OSError):  # it has ended meanwhile
            used += sum(_stat(int(session))[_OWN])
    return used / _TICKS


def of_nodes(folder: Path) -> float:
    """The processor time that the RabbitMQ nodes with their data in the folder have used so far."""
    return sum(of_process(int(file.read_text())) for file in folder.rglob("log.pid"))


def _stat(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/stat").read_text()
    return [int(field) for field in text.rpartition(") ")[2].split()[1:]]
