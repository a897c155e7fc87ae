"""`conduit-jobs` on the test's own database."""

import os
from pathlib import Path
from subprocess import CompletedProcess

import psycopg
import pytest
from command_line import EXAMPLE, Forks, Run
from example_app import SCHEMA, insert_order, ship
from example_jobs.order import after_create, after_update


@pytest.fixture
def environment(dsn: str) -> dict[str, str]:
    """The environment of commands: it names the database."""
    return os.environ | {"CONDUIT_DATABASE_URL": dsn, "COLUMNS": "200"}


@pytest.fixture
def run(environment: dict[str, str], forks: Forks) -> Run:
    """Runs a command in the folder of the example application, and waits for its end."""

    def call(
        *arguments: str, code: int = 0, cwd: Path = EXAMPLE, env: dict[str, str] = environment
    ) -> CompletedProcess[str]:
        done = forks.run(arguments, cwd=cwd, env=env)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done

    return call


@pytest.fixture
def shipped(dsn: str) -> None:
    """An order that was created and shipped: four jobs, one of which enqueues another."""
    with psycopg.connect(dsn) as conn:
        conn.execute(SCHEMA)
        order = insert_order(conn)
        after_create(conn, order)
        after_update(conn, ship(conn, order), order)
