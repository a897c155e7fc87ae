"""Workers of the project, in their own processes."""

import atexit
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from command_line import Forks, Run
from conduit_runtime.contrib.django.jobs_database import dsn
from django.db import connections

HERE = Path(__file__).resolve().parents[1]


@cache
def forks() -> Forks:
    """Runs `manage.py` in forks of a process that has imported Django."""
    started = Forks("django_forks.py", str(HERE / "manage.py")).__enter__()
    atexit.register(started.__exit__)
    return started


def manage(*arguments: str, **environment: str) -> CompletedProcess[str]:
    """Run `manage.py` on the test database, in a fork."""
    return forks().run(arguments, cwd=HERE, env=_environment(environment))


def start(*arguments: str, **environment: str) -> CompletedProcess[str]:
    """Like `manage`, in a process that starts as a user's does."""
    return subprocess.run(
        [sys.executable, str(HERE / "manage.py"), *arguments],
        env=_environment(environment),
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def drain(*arguments: str, run: Run = manage, **environment: str) -> str:
    """Run the jobs that are due; return what the worker wrote to stderr."""
    done = run("conduit_worker", "--drain", *arguments, **environment)
    assert done.returncode == 0, done.stderr
    return done.stderr


def _environment(given: dict[str, str]) -> dict[str, str]:
    return {**os.environ, "CONDUIT_DATABASE_URL": dsn(), **given}


def scalar(sql: str, *values: Any) -> Any:
    """Return the one value that a query gives."""
    with connections["default"].cursor() as cursor:
        cursor.execute(sql, values)
        row = cursor.fetchone()
        return row and row[0]
