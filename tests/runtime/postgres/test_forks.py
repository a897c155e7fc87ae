"""A process that was forked while its parent had connections."""

import subprocess
import sys
from pathlib import Path

import pytest
from conduit_runtime import Queue


@pytest.mark.slow
def test_a_forked_process_leaves_the_connections_of_its_parent_alone(dsn: str) -> None:
    script = Path(__file__).parents[1] / "processes" / "forking.py"
    done = subprocess.run(
        [sys.executable, script, dsn], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.splitlines() == ["child True", "parent True"], done.stderr
    with Queue(dsn) as queue:
        assert sorted(job.type for job in queue.list()) == ["child", "child", "parent"]
