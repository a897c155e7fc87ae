"""How type checkers judge calls of the library, upcasters, hooks and connections."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_calls_have_precise_types(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path)]
    checked = subprocess.run(
        [
            *command,
            "tests/runtime/stdlib/typed_calls.py",
            "tests/runtime/job_types/typed_upcasts.py",
            "tests/runtime/worker/typed_hooks.py",
            "tests/runtime/worker/typed_steps.py",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.slow
def test_pyright_accepts_connections_of_asyncpgs_pool_and_steps() -> None:
    command = [str(Path(sys.executable).parent / "pyright"), "--pythonpath", sys.executable]
    checked = subprocess.run(
        [*command, "tests/runtime/worker/typed_hooks.py", "tests/runtime/worker/typed_steps.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
