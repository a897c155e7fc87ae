"""`conduit-jobs schedules`, and the schedules of `conduit-jobs worker`."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from conduit_runtime import CronScheduler, Queue, Schedule
from conduit_runtime.cli import commands

_EXAMPLE = Path(__file__).parents[1] / "example"


@pytest.fixture
def scheduler(dsn: str) -> Iterator[CronScheduler]:
    with Queue(dsn) as queue:
        scheduler = CronScheduler(queue)
        scheduler.add(Schedule.every(hours=1, type="cleanup"))
        scheduler.add(
            Schedule.daily("03:00", timezone="Europe/Berlin", type="report", name="nightly")
        )
        yield scheduler


def call(dsn: str, *arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(commands, ["schedules", *arguments, "--dsn", dsn])
    assert done.exit_code == code, done.output
    return done.output


def call_json(dsn: str, *arguments: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(call(dsn, *arguments, "--format", "json"))
    return rows


def test_list(dsn: str, scheduler: CronScheduler) -> None:
    table = call(dsn, "list")
    assert "every 1:00:00" in table
    assert "Europe/Berlin" in table
    cleanup, nightly = call_json(dsn, "list")
    assert (cleanup["name"], cleanup["enabled"], cleanup["missed"]) == ("cleanup", True, "once")
    assert (nightly["type"], nightly["ticks"]) == ("report", "0 3 * * *")
    assert nightly["next_run_at"].endswith(("01:00:00Z", "02:00:00Z"))


def test_disable_and_enable(dsn: str, scheduler: CronScheduler) -> None:
    [row] = call_json(dsn, "disable", "nightly")
    assert (row["name"], row["enabled"]) == ("nightly", False)
    assert [each.enabled for each in scheduler.list()] == [True, False]
    assert "True" in call(dsn, "enable", "nightly")
    assert [each.enabled for each in scheduler.list()] == [True, True]


def test_run_and_remove(dsn: str, scheduler: CronScheduler) -> None:
    [row] = call_json(dsn, "run", "nightly")
    with Queue(dsn) as queue:
        [job] = queue.list()
    assert (row["name"], row["job"], job.type) == ("nightly", str(job.id), "report")
    assert "nightly" in call(dsn, "remove", "nightly")
    assert [each.name for each in scheduler.list()] == ["cleanup"]


@pytest.mark.parametrize("operation", ["enable", "disable", "run", "remove"])
def test_an_unknown_name_is_reported_after_the_others_are_done(
    dsn: str, scheduler: CronScheduler, operation: str
) -> None:
    output = call(dsn, operation, "cleanup", "monthly", code=1)
    assert "cleanup" in output
    assert "there is no schedule monthly" in output


def work(dsn: str, folder: Path, reference: str, code: int) -> str:
    command = [sys.executable, "-m", "conduit_runtime.cli", "worker", "example_jobs"]
    done = subprocess.run(
        [*command, "--services", "echo", "--yes", "--drain", "--schedules", reference],
        cwd=folder,
        env=os.environ | {"CONDUIT_DATABASE_URL": dsn, "PYTHONPATH": str(_EXAMPLE)},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.slow
def test_a_worker_adds_schedules_from_code(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "plans.py").write_text(
        "from conduit_runtime import Schedule\n"
        "def schedules():\n"
        "    return [Schedule.weekly('monday', '08:30', type='digest')]\n"
        "wrong = ['0 3 * * *']\n"
    )
    work(dsn, tmp_path, "plans:schedules", code=0)
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT name, cron FROM conduit_schedules").fetchall()
    assert rows == [("digest", "30 8 * * 1")]
    assert "is not a Schedule" in work(dsn, tmp_path, "plans:wrong", code=1)
    assert "plans has no 'missing'" in work(dsn, tmp_path, "plans:missing", code=1)
