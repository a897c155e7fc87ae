"""The crash of an embedded Postgres, whose supervisor starts it again."""

import os
import signal
from pathlib import Path

import psycopg
from waiting import until


def crash_postgres(dsn: str, data: Path) -> None:
    """Crash Postgres like `pg_ctl stop -m immediate`, and wait until it serves clients again."""
    old = until(lambda: _postmaster(data))
    os.kill(old, signal.SIGQUIT)
    until(lambda: _postmaster(data) not in (None, old))
    until(lambda: _answers(dsn))


def _postmaster(data: Path) -> int | None:
    """The process id of the server; None if it does not run."""
    try:
        return int((data / "postmaster.pid").read_text().split()[0])
    except (FileNotFoundError, IndexError):
        return None


def _answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True
