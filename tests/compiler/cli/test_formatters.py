"""Other processes format modules as this process would."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.projects import write_project
from conduit_async.cli.formatters import Formatters
from conduit_async.emit.layout import format_all

pytestmark = pytest.mark.slow

TEXTS = [
    f"def f{number}() -> int:\n\ue000{number}\ue001    return {' + '.join(['name'] * number)}\n"
    for number in range(1, 60)
]


@pytest.fixture
def formatters(monkeypatch: pytest.MonkeyPatch) -> Iterator[Formatters]:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    with Formatters() as found:
        yield found


def test_the_forms_are_the_same_and_in_order(formatters: Formatters) -> None:
    assert [*formatters.format_all(TEXTS)] == [*format_all(TEXTS)]
    assert len(formatters.processes) == 2
    with formatters:
        pass
    assert all(process.poll() is not None for process in formatters.processes)


def test_few_texts_start_no_process(formatters: Formatters) -> None:
    assert [*formatters.format_all(TEXTS[:5])] == [*format_all(TEXTS[:5])]
    assert not formatters.processes


def test_a_process_that_ends_or_cannot_start_is_made_up_for(
    formatters: Formatters, monkeypatch: pytest.MonkeyPatch
) -> None:
    forms = formatters.format_all(TEXTS)
    found = [next(forms)]
    for process in formatters.processes:
        process.kill()
    assert [*found, *forms] == [*format_all(TEXTS)]
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    with Formatters() as without:
        assert [*without.format_all(TEXTS)] == [*format_all(TEXTS)]


def test_an_interrupt_ends_it_soon(formatters: Formatters) -> None:
    def texts() -> Iterator[str]:
        yield from TEXTS
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        next(formatters.format_all(texts()))


def test_a_process_ends_with_its_input() -> None:
    command = [sys.executable, "-m", "conduit_async.cli.formatters"]
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True, timeout=120)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    write_project(folder, 60)
    return folder


def started(project: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "conduit_async.cli", "gen", ".", "-o", str(out)]
    return subprocess.Popen(
        command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "XDG_CACHE_HOME": str(out.parent)},
    )  # fmt: skip


def formatter_of(running: subprocess.Popen[bytes]) -> int:
    """Wait for the first formatter process of a compilation, and return its id."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and running.poll() is None:
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, check=True)
        for line in listed.stdout.splitlines():
            pid, parent = map(int, line.split())
            if parent == running.pid:
                return pid
        time.sleep(0.01)
    raise AssertionError("no formatter process was started")


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor needs no formatters")
def test_a_run_outlives_its_formatters(project: Path, tmp_path: Path) -> None:
    whole = started(project, tmp_path / "whole")
    assert whole.wait(120) == 0
    running = started(project, tmp_path / "other")
    os.kill(formatter_of(running), signal.SIGKILL)
    _, err = running.communicate(timeout=120)
    assert (running.returncode, err) == (0, b"")
    texts = [
        {path.name: path.read_bytes() for path in (tmp_path / name).glob("*.py")}
        for name in ("whole", "other")
    ]
    assert texts[0] == texts[1]
    assert len(texts[0]) > 60


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor needs no formatters")
def test_a_run_that_is_terminated_says_so(project: Path, tmp_path: Path) -> None:
    running = started(project, tmp_path / "out")
    formatter_of(running)
    running.terminate()
    _, err = running.communicate(timeout=120)
    assert running.returncode == 130
    assert err.strip() == b"conduitc: interrupted, nothing was written"
    assert not (tmp_path / "out").exists()
