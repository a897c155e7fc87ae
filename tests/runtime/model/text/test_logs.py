"""One line a record, without payloads and passwords."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import Forks
from conduit_runtime import Job, Queue
from conduit_runtime.postgres.dsn import without_password

HOSTILE = "x\n2026-01-01 00:00:00,000 ERROR forged\x1b[2J\u202e\x9b"
RECORD = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+ [A-Z]+ \S.*")
HANDLERS = """
from conduit_runtime import JobContext, job_type
from dataclasses import dataclass

@dataclass
class Payload: ...

@job_type({type!r}, "", max_attempts=1)
async def fail(job: JobContext, payload: Payload) -> None:
    raise ValueError({type!r})

JOBS = (fail,)
"""
FAIL = "def page(job): raise KeyError(job.error)"


@pytest.mark.slow
def test_no_type_and_no_exception_forges_a_line(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "hostile.py").write_text(HANDLERS.format(type=HOSTILE), "utf-8")
    (tmp_path / "pager.py").write_text(FAIL, "utf-8")
    with Queue(dsn) as queue:
        queue.enqueue_many([Job(type=HOSTILE), Job(type=f"unhandled {HOSTILE}")])
    command = [sys.executable, "-m", "conduit_runtime.cli", "worker", "hostile", "--dsn", dsn]
    done = subprocess.run(
        [*command, "--drain", "--on-failed", "pager:page"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert all(RECORD.fullmatch(line) for line in lines), lines
    assert done.stderr.count(r"forged\x1b[2J\u202e\x9b") >= 3
    assert not set("\x1b\u202e\x9b") & set(done.stderr)


def test_json_holds_no_control_characters(dsn: str) -> None:
    with Queue(dsn) as queue:
        queue.enqueue(Job(type=HOSTILE, payload={HOSTILE: HOSTILE}))
    done = subprocess.run(
        [sys.executable, "-m", "conduit_runtime.cli", "jobs", "list", "--format", "json"],
        env={**os.environ, "CONDUIT_DATABASE_URL": dsn},
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert not set("\x1b\u202e\x9b") & set(done.stdout)
    [row] = json.loads(done.stdout)
    assert row["payload"] == {HOSTILE: HOSTILE}


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://u:S3cret%zz@127.0.0.1/db",
        "postgresql://u:p@S3cret@127.0.0.1:1/db",
        "postgresql://u:pa/S3cret@127.0.0.1:1/db",
        "postgresql://u@127.0.0.1:1/db?password=S3cret&x=1",
        "host=127.0.0.1 port=1 password=my S3cret",
        "host=127.0.0.1 port=1 password='it''S3cret",
    ],
)
def test_no_message_holds_the_password(forks: Forks, tmp_path: Path, dsn: str) -> None:
    done = forks.run(["jobs", "list", "--dsn", dsn], cwd=tmp_path, env=os.environ)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert "S3cret" not in done.stderr


def test_a_worker_that_waits_for_its_database_logs_no_password(tmp_path: Path) -> None:
    (tmp_path / "hostile.py").write_text(HANDLERS.format(type="t"), "utf-8")
    command = [sys.executable, "-m", "conduit_runtime.cli", "worker", "hostile", "--dsn"]
    done = subprocess.run(
        [*command, "postgresql://u:p@S3cret@127.0.0.1:1/db", "--connect-timeout", "0.3"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "cannot be reached yet" in done.stderr
    assert "S3cret" not in done.stderr


def test_a_message_keeps_what_is_no_password() -> None:
    message = 'connection to server at "db", port 5432 failed'
    assert without_password(message, "postgresql://u:s3cret@db/x") == message
    assert without_password(message, "host=db dbname=x") == message
