"""`conduitc gen --watch` compiles again after each change."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cli_project import GOOD, put

from conduit_async.cli import watch

pytestmark = pytest.mark.usefixtures("project")


def test_watch_misses_no_change_of_the_lock_while_it_compiles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("jobs").mkdir()
    runs = polls = 0

    def poll_again(seconds: float) -> None:
        nonlocal polls
        polls += 1
        assert polls < 10, "it waits for a change that it has missed"

    monkeypatch.setattr(watch.time, "sleep", poll_again)

    def generate() -> int:
        nonlocal runs
        runs += 1
        if runs == 3:
            raise KeyboardInterrupt
        Path("jobs/jobs.lock").write_text("a merge" * runs)
        return 0

    assert watch.watch([], "jobs", generate) == 130
    assert runs == 3


@pytest.mark.slow
def test_watch_compiles_again_after_each_change() -> None:
    put("src/post.conduit")
    command = [sys.executable, "-m", "conduit_async.cli", "gen", "src", "-o", "jobs", "--watch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        try:
            lines = iter(watcher.stdout.readline, "")
            assert any("wrote jobs" in line for line in lines)
            put("src/user.conduit", GOOD.replace("Post", "User"))
            assert any("+ user.py" in line for line in lines)
            # a merge may change the lock like this, and its sources are already there
            lock = Path("jobs/jobs.lock")
            lock.write_text(lock.read_text().replace('"priority": 50', '"priority": 75', 1))
            assert any("priority 75 -> 50" in line for line in lines)
        finally:
            watcher.send_signal(signal.SIGINT)
        assert watcher.wait(60) == 130
    assert Path("jobs/user.py").exists()
