"""Old and new workers and web processes run together: nothing is lost and nothing fails."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from deployed_versions import Version
from pairs import FIELDS as CHANGED_FIELDS
from pairs import JOBS, OBJECTS, TYPES, Pair
from waiting import until

pytestmark = pytest.mark.slow

COUNT = 2_000
"""The jobs of each of the four web processes: two old ones and two new ones."""

KINDS = [
    pair
    for pair in (*CHANGED_FIELDS, *TYPES, *OBJECTS, *JOBS)
    if pair.name
    in (
        "a captured field is captured no more",
        "a nullable field is captured",
        "a required field is captured",
        "a captured field is renamed with @was",
        "a captured field is renamed",
        "an int becomes a string",
        "a field becomes nullable",
        "an enum gets a value",
        "a struct gets a nullable field",
        "a block is added",
        "a block is removed",
        "a block gets another name, with was",
        "a queue gets another name",
        "a job gets more attempts and a timeout",
    )
]
HERE = Path(__file__).parent
SERVICES = "from deployed_application import Recorder\n\nservices = Recorder()\n"


@pytest.mark.parametrize("pair", KINDS, ids=[re.sub(r"\W+", "-", each.name) for each in KINDS])
def test_a_rolling_deploy_under_load(
    pair: Pair, tmp_path: Path, new_database: Callable[[], AbstractContextManager[str]]
) -> None:
    old = Version(tmp_path, "old_jobs", pair.old, pair.old_settings)
    old.generate()
    new = Version(tmp_path, "new_jobs", pair.new, pair.new_settings)
    new.follow(old)
    new.generate()
    (tmp_path / "services.py").write_text(SERVICES)
    with new_database() as dsn, ExitStack() as running:
        first = running.enter_context(worker(tmp_path, "old_jobs", dsn))
        producers = [producer(tmp_path, "old_jobs", dsn, pair.old_row)]
        running.enter_context(worker(tmp_path, "new_jobs", dsn))
        until_registered(dsn, 2)
        producers += [producer(tmp_path, "old_jobs", dsn, pair.old_row)]
        producers += [producer(tmp_path, "new_jobs", dsn, pair.new_row) for _ in range(2)]
        for each in producers:
            assert each.wait(120) == 0
        until_done(dsn, old)
        first.send_signal(signal.SIGTERM)
        assert first.wait(60) == 0
        counts, errors = outcome(dsn)
        assert counts.keys() == {"completed"}
        assert counts["completed"] >= 4 * COUNT
        assert errors == 0


@contextmanager
def worker(folder: Path, package: str, dsn: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a worker process for the block; kill it at the end if it still runs."""
    command = ["-m", "conduit_runtime.cli", "worker", package, "--services", "services:services"]
    process = started(folder, [*command, "--dsn", dsn], f"{package}.log")
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def producer(folder: Path, package: str, dsn: str, changes: object) -> "subprocess.Popen[bytes]":
    command = [str(HERE / "producer.py"), package, dsn, str(COUNT), json.dumps(changes)]
    return started(folder, command, f"{package}_web.log")


def started(folder: Path, command: list[str], log: str) -> "subprocess.Popen[bytes]":
    path = os.pathsep.join([str(folder), str(HERE), os.environ.get("PYTHONPATH", "")])
    # Measuring coverage would take most of the time of these processes.
    unmeasured = {key: each for key, each in os.environ.items() if not key.startswith("COVERAGE_")}
    with (folder / log).open("ab") as output:
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env={**unmeasured, "PYTHONPATH": path},
            stdout=output,
            stderr=output,
        )


def until_registered(dsn: str, count: int) -> None:
    """Wait until so many workers have registered."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        query = "SELECT count(*) FROM conduit_workers"
        until(lambda: conn.execute(query).fetchone() == (count,), 120)


def until_done(dsn: str, version: Version) -> None:
    """Wait until no job is left."""
    deadline = time.monotonic() + 300
    while version.left(dsn):
        assert time.monotonic() < deadline, version.left(dsn)[:5]
        time.sleep(0.1)


def outcome(dsn: str) -> tuple[dict[str, int], int]:
    """How many jobs have each status, and how many had an error."""
    with psycopg.connect(dsn) as conn:
        counts = dict(conn.execute("SELECT status, count(*) FROM jobs GROUP BY status").fetchall())
        errors = conn.execute(
            "SELECT count(*) FROM jobs WHERE error IS NOT NULL OR attempts <> 1"
        ).fetchone()
    assert errors is not None
    return counts, errors[0]
