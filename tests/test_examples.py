"""The packages of the examples are up to date with their sources, and the examples' tests pass."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conduit_runtime import Queue

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@pytest.mark.parametrize(
    "name", sorted(path.parent.name for path in EXAMPLES.glob("*/conduit.toml"))
)
def test_a_generated_package_is_fresh(name: str) -> None:
    command = [sys.executable, "-m", "conduit_async.cli", "gen", "--check"]
    done = subprocess.run(command, cwd=EXAMPLES / name, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run `make examples`\n{done.stdout}{done.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["blog", "shop"])
def test_the_tests_of_an_example_pass(name: str, server_dsn: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio"]
    environment = {**os.environ, "CONDUIT_TEST_DATABASE_URL": server_dsn}
    done = subprocess.run(
        command,
        cwd=EXAMPLES / name,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_example_of_scripts(dsn: str) -> None:
    command = [sys.executable, "app.py"]
    environment = {**os.environ, "DATABASE_URL": dsn, "PYTHONUNBUFFERED": "1"}
    environment.pop("CONDUIT_DATABASE_URL", None)
    done = subprocess.run(
        command,
        cwd=EXAMPLES / "scripts",
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    report = lines.index("sent:")
    assert lines[report : report + 4] == (
        ["sent:", "  Berlin: 3 orders", "  Lisbon: 5 orders", "  Tallinn: 2 orders"]
    )
    assert {*lines} >= {
        "files cleaned",
        "report.page: Atlantis has no orders",
        "50 documents in one request",
    }
    with Queue(dsn) as queue:
        stats = queue.stats()
    assert (stats.completed, stats.failed) == (55, 2)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["django-shop", "fastapi-tickets"])
def test_the_test_of_an_example(name: str) -> None:
    """Run the test as its users do: on an embedded database, over HTTP."""
    databases = ("DATABASE_URL", "CONDUIT_DATABASE_URL")
    environment = {key: value for key, value in os.environ.items() if key not in databases}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:xdist"]
    done = subprocess.run(
        [*command, f"--rootdir={EXAMPLES / name}", "-c", os.devnull],
        cwd=EXAMPLES / name,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
