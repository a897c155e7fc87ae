"""The packages of the examples are what the compiler makes of their sources today."""

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
