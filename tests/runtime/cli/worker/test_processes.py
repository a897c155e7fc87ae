"""`conduit-jobs worker --processes N`: how its processes live and end."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from example_app import SCHEMA, insert_order
from example_jobs.order import after_create
from waiting import until

_EXAMPLE = Path(__file__).parents[2] / "example"
Start = Callable[..., psutil.Popen]
Working = Callable[[], set[int]]
_STUCK = """
import os, pathlib, threading

def block(*args, **kwargs):
    pathlib.Path(__file__).with_name(f"began_{os.getpid()}").touch()
    threading.Event().wait()

class Stuck:
    send = add = update = release = staticmethod(block)

services = {"warehouse": Stuck, "email": Stuck, "search_index": Stuck}
"""


@pytest.fixture
def start(dsn: str, tmp_path: Path) -> Iterator[Start]:
    """Starts a worker of several processes, with its stderr in the file `output`."""
    started: list[psutil.Popen] = []

    def call(*arguments: str, package: str = "example_jobs") -> psutil.Popen:
        command = [sys.executable, "-m", "conduit_runtime.cli", "worker", package, *arguments]
        environment = os.environ | {"CONDUIT_DATABASE_URL": dsn}
        environment["PYTHONPATH"] = os.pathsep.join(
            [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
        )
        with (tmp_path / "output").open("wb") as stderr:
            worker = psutil.Popen(command, cwd=_EXAMPLE, env=environment, stderr=stderr)
        started.append(worker)
        return worker

    yield call
    for worker in started:
        for process in [*(worker.children() if worker.is_running() else []), worker]:
            if process.is_running():
                process.kill()
        worker.wait()


@pytest.fixture
def working(dsn: str) -> Working:
    """Returns the ids of the processes that are registered as workers."""

    def call() -> set[int]:
        with psycopg.connect(dsn) as connection:
            return {pid for (pid,) in connection.execute("SELECT pid FROM conduit_workers")}

    return call


def output(folder: Path) -> str:
    return (folder / "output").read_text()


@pytest.mark.slow
def test_a_process_that_is_killed_is_reported_and_replaced(
    start: Start, working: Working, tmp_path: Path
) -> None:
    worker = start("--services", "echo", "--yes", "--processes", "3")
    until(lambda: len(working()) == 3)
    before = {child.pid for child in worker.children()}
    for victim in sorted(before)[:2]:
        os.kill(victim, signal.SIGKILL)
        until(lambda victim=victim: f"process {victim} was killed by SIGKILL" in output(tmp_path))

    def replaced() -> bool:
        living = {child.pid for child in worker.children()}
        return len(living) == 3 and living <= working()

    until(replaced)
    worker.terminate()
    assert worker.wait(60) == 0
    assert output(tmp_path).count("starting another") == 2


@pytest.mark.slow
@pytest.mark.parametrize("steady", [10, 0], ids=["", "on a machine that takes long to start them"])
def test_processes_that_die_at_once_are_replaced_ever_later(
    start: Start, tmp_path: Path, steady: int
) -> None:
    patch = f"import conduit_runtime.cli.worker.processes as it\nit._STEADY = {steady}\n"
    (tmp_path / "sitecustomize.py").write_text(patch)
    (tmp_path / "deadly.py").write_text("import os\nos.kill(os.getpid(), 9)\n")
    worker = start("--services", "deadly:x", "--processes", "2")
    until(lambda: output(tmp_path).count("starting another in 0.5 s") == 2)
    until(lambda: output(tmp_path).count("starting another in 1 s") == 2)
    worker.terminate()
    worker.wait(120)


@pytest.mark.slow
def test_a_process_that_ended_gently_is_not_replaced(
    start: Start, working: Working, tmp_path: Path
) -> None:
    worker = start("--services", "echo", "--yes", "--processes", "2")
    until(lambda: len(working()) == 2)
    for child in worker.children():
        child.terminate()
    assert worker.wait(60) == 0
    assert "another" not in output(tmp_path)


@pytest.mark.slow
def test_a_fault_of_the_command_ends_it(start: Start, tmp_path: Path) -> None:
    assert start("--processes", "2").wait(60) == 1
    assert "the jobs call Email.send" in output(tmp_path)
    assert "another" not in output(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_all_at_once(
    start: Start, working: Working, dsn: str, tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "stuck.py").write_text(_STUCK)
    with psycopg.connect(dsn) as connection:
        connection.execute(SCHEMA)
        after_create(connection, insert_order(connection))
        connection.execute("DELETE FROM jobs WHERE id <> (SELECT id FROM jobs LIMIT 1)")
    worker = start("--services", "stuck:services", "--processes", "2", "--grace", "600")
    until(lambda: len(working()) == 2)
    until(lambda: list(tmp_path.glob("began_*")))
    children = worker.children()
    worker.send_signal(number)
    until(lambda: sum(child.is_running() for child in children) == 1)
    worker.send_signal(number)
    assert worker.wait(60) == 128 + number
    assert not any(child.is_running() for child in children)


@pytest.mark.slow
def test_the_processes_end_gently_when_their_parent_is_killed(
    start: Start, working: Working
) -> None:
    worker = start("--services", "echo", "--yes", "--processes", "2")
    until(lambda: len(working()) == 2)
    children = worker.children()
    worker.kill()
    worker.wait()
    until(lambda: not any(child.is_running() for child in children))
    # A killed worker stays registered until another worker notices.
    assert working() == set()
