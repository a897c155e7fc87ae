"""The packages of the examples are what the compiler makes of their sources today."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@pytest.mark.parametrize(
    "name", sorted(path.parent.name for path in EXAMPLES.glob("*/conduit.toml"))
)
def test_a_generated_package_is_fresh(name: str) -> None:
    command = [sys.executable, "-m", "conduit_async.cli", "gen", "--check"]
    done = subprocess.run(command, cwd=EXAMPLES / name, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run `make examples`\n{done.stdout}{done.stderr}"


def test_the_example_of_flows(dsn: str) -> None:
    command = [sys.executable, "app.py"]
    environment = {**os.environ, "CONDUIT_DATABASE_URL": dsn}
    done = subprocess.run(
        command,
        cwd=EXAMPLES / "flows",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert sorted(lines[:3]) == ["page of Berlin", "page of Lisbon", "page of Tallinn"]
    assert lines[3] == "report of 2026-10"
    assert lines[5] == "report.page: completed, {'shop': 'Berlin', 'orders': 6}"
