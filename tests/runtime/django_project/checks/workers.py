"""Workers of the project, in their own processes."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from conduit_runtime.contrib.django.jobs_database import dsn
from django.db import connections

HERE = Path(__file__).resolve().parents[1]


def manage(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run `manage.py` on the test database."""
    return subprocess.run(
        [sys.executable, str(HERE / "manage.py"), *arguments],
        env={**os.environ, "CONDUIT_DATABASE_URL": dsn(), **environment},
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def drain(*arguments: str, **environment: str) -> str:
    """Run the jobs that are due; return what the worker wrote to stderr."""
    done = manage("conduit_worker", "--drain", *arguments, **environment)
    assert done.returncode == 0, done.stderr
    return done.stderr


def scalar(sql: str, *values: Any) -> Any:
    """Return the one value that a query gives."""
    with connections["default"].cursor() as cursor:
        cursor.execute(sql, values)
        row = cursor.fetchone()
        return row and row[0]
