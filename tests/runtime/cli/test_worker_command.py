"""`conduit-jobs worker`: what it runs, how it stops, and faults of the application."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import psycopg
import pytest
from command_line import ECHO, EXAMPLE, Run
from conduit_runtime import Job, Queue
from waiting import until


@pytest.mark.slow
@pytest.mark.parametrize("package", ["example_jobs", "./example_jobs"])
@pytest.mark.usefixtures("shipped")
def test_a_worker_drains_with_echo_services(run: Run, queue: Queue, package: str) -> None:
    done = run("worker", package, "--services", "echo", "--yes", "--drain")
    calls = [json.loads(line) for line in done.stdout.splitlines()]
    assert {(call["service"], call["method"]) for call in calls} == {
        ("SearchIndex", "add"),
        ("SearchIndex", "update"),
        ("Email", "send"),
        ("Warehouse", "release"),
    }
    assert all(call["attempt"] == 1 for call in calls)
    counts = queue.stats()
    assert (counts.completed, counts.total) == (5, 5)


@pytest.mark.slow
@pytest.mark.usefixtures("shipped")
def test_several_processes_share_the_work(run: Run, queue: Queue) -> None:
    done = run(*ECHO, "--drain", "--processes", "2")
    assert len(done.stdout.splitlines()) == 5
    assert queue.stats().completed == 5


@pytest.mark.slow
@pytest.mark.usefixtures("shipped")
def test_only_the_named_queues_are_served(run: Run, queue: Queue) -> None:
    run(*ECHO, "--drain", "--queue", "search=2")
    assert {job.queue for job in queue.list(status="completed")} == {"search"}


@pytest.mark.slow
def test_the_package_is_found_in_the_configuration(run: Run, tmp_path: Path) -> None:
    (tmp_path / "example_jobs").symlink_to(EXAMPLE / "example_jobs")
    (tmp_path / "pyproject.toml").write_text('[tool.conduit]\nout = "example_jobs"\n')
    run("worker", "--services", "echo", "--yes", "--drain", cwd=tmp_path)


_POOL = """
import os
from conduit_runtime import HandlerRegistry, Queue, WorkerPool

pool = WorkerPool(Queue(os.environ["APP_DATABASE"]), "mail", services={"name": "shop"}, workers=3)
others = HandlerRegistry()

@pool.around
def announce(context):
    print(f"around {context.type}\\n", end="", flush=True)
    yield

@pool.on_failed
def report(failed):
    print(f"failed {failed.type}\\n", end="", flush=True)

@pool.handler("greet", queue="greetings")
def greet(context, payload):
    print(f"greet from {context.services.name}\\n", end="", flush=True)

@pool.handler("fail", max_attempts=1)
async def fail(context, payload):
    raise ValueError

@others.handler("other")
async def other(context, payload):
    print("other\\n", end="", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("named", [["handlers:pool", "handlers:others"], ["handlers"]])
@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_pool_runs_with_its_own_settings(
    run: Run, queue: Queue, tmp_path: Path, named: list[str], processes: str
) -> None:
    (tmp_path / "handlers.py").write_text(_POOL)
    queue.enqueue(Job(queue="greetings", type="greet"))
    queue.enqueue_many([Job(queue="mail", type=name) for name in ("fail", "other")])
    environment = {**os.environ, "APP_DATABASE": queue.dsn}
    arguments = ("--drain", "--processes", processes)
    done = run("worker", *named, *arguments, cwd=tmp_path, env=environment)
    lines = {"around greet", "around fail", "around other"}
    assert {*done.stdout.splitlines()} == lines | {"greet from shop", "failed fail", "other"}
    assert "embedded" not in done.stderr
    assert (queue.stats().completed, queue.stats().failed) == (2, 1)


@pytest.mark.slow
@pytest.mark.usefixtures("shipped")
def test_a_pool_also_runs_the_jobs_of_a_package(run: Run, queue: Queue, tmp_path: Path) -> None:
    (tmp_path / "example_jobs").symlink_to(EXAMPLE / "example_jobs")
    (tmp_path / "handlers.py").write_text(_POOL)
    queue.enqueue(Job(queue="greetings", type="greet"))
    environment = {**os.environ, "APP_DATABASE": queue.dsn}
    command = ("worker", "./example_jobs", "handlers:pool", "--services", "echo", "--yes")
    run(*command, "--drain", "--queue", "search", "--queue", "mail", cwd=tmp_path, env=environment)
    assert {job.queue for job in queue.list(status="completed")} == {"search", "mail"}
    assert [job.type for job in queue.list(status="pending", queue="greetings")] == ["greet"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["handlers:pool", "--dsn", "dbname=x"], 2, "leave out --dsn: the pool has a queue"),
        (["handlers:pool", "--broker", "amqp://x"], 2, "leave out --broker"),
        (["handlers", "more"], 1, "more is a second pool"),
        (["handlers:others", "more:registry"], 1, "two handlers for the type other"),
        (["handlers:greet"], 1, "name a WorkerPool or a HandlerRegistry"),
    ],
)
def test_what_cannot_run_together(
    run: Run, dsn: str, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    (tmp_path / "handlers.py").write_text(_POOL)
    (tmp_path / "more.py").write_text(
        "from conduit_runtime import HandlerRegistry, WorkerPool\n"
        "from handlers import pool as first\n"
        "pool = WorkerPool(first._workers)\n"
        "registry = HandlerRegistry()\n"
        "registry.register('other', print)\n"
    )
    environment = {**os.environ, "APP_DATABASE": dsn, "CONDUIT_DATABASE_URL": dsn}
    done = run("worker", *arguments, code=code, cwd=tmp_path, env=environment)
    assert message in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def services():\n    raise OSError('no mail server')\n", "OSError: no mail server"),
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("services = (\n", "SyntaxError: '(' was never closed"),
        ("import nowhere\n", "No module named 'nowhere'"),
    ],
)
def test_faults_of_the_application_are_reported_in_one_line(
    run: Run, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "example_jobs").symlink_to(EXAMPLE / "example_jobs")
    (tmp_path / "faulty.py").write_text(text)
    command = ("worker", "example_jobs", "--services", "faulty:services", "--drain")
    output = run(*command, code=1, cwd=tmp_path).stderr
    assert message in output
    assert "Traceback" not in output
    assert "faulty.py, line" in output


@pytest.mark.slow
def test_services_that_do_not_accept_a_call_stop_the_worker_at_its_start(
    run: Run, queue: Queue, tmp_path: Path
) -> None:
    copytree(EXAMPLE / "example_jobs", tmp_path / "example_jobs")
    (tmp_path / "example_jobs/_lines.py").write_text(
        'LINES = {}\nCALLS = {"email.send(_, body=, cc=)": "resources/order.conduit:31"}\n'
    )
    (tmp_path / "given.py").write_text(
        "from unittest.mock import Mock\n\n"
        "class Email:\n    def send(self, to, *, body): ...\n\n"
        "services = Mock(email=Email())\n"
    )
    job = queue.enqueue(Job(type="order.after_update.email_send"))
    command = ("worker", "example_jobs", "--services", "given:services", "--drain")
    assert run(*command, code=1, cwd=tmp_path).stderr == (
        "Error: the services do not accept the calls of the jobs:\n"
        "  resources/order.conduit:31 calls email.send(_, body=, cc=), which has no parameter cc\n"
    )
    found = queue.get(job.id)
    assert found is not None
    assert (found.status, found.attempts) == ("pending", 0)


@pytest.mark.slow
def test_a_package_of_another_version_is_reported_in_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "__init__.py").write_text(
        'from conduit_runtime import generated_by\n\ngenerated_by("9.0.0")\n'
    )
    output = run("worker", "old", "--services", "echo", "--yes", code=1, cwd=tmp_path).stderr
    assert "9.0.0" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_worker_stops_gently(
    environment: dict[str, str], queue: Queue, dsn: str, processes: str
) -> None:
    arguments = [*ECHO, "--processes", processes]
    worker = subprocess.Popen(
        [sys.executable, "-m", "conduit_runtime.cli", *arguments], cwd=EXAMPLE, env=environment
    )
    try:

        def registered() -> bool:
            with psycopg.connect(dsn) as conn:
                [(count,)] = conn.execute("SELECT count(*) FROM conduit_workers")
                return count == int(processes)

        until(registered)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
    finally:
        worker.kill()
        worker.wait()
    assert queue.queues() == []


@pytest.mark.slow
@pytest.mark.usefixtures("shipped")
def test_a_service_that_does_not_end_does_not_keep_the_worker(
    environment: dict[str, str], queue: Queue, tmp_path: Path
) -> None:
    (tmp_path / "stuck.py").write_text(
        "import pathlib, threading\n"
        "def block(*args, **kwargs):\n"
        "    pathlib.Path(__file__).with_name('began').touch()\n"
        "    threading.Event().wait()\n"
        "class Stuck: send = add = update = release = staticmethod(block)\n"
        "services = {'warehouse': Stuck, 'email': Stuck, 'search_index': Stuck}\n"
    )
    command = [sys.executable, "-m", "conduit_runtime.cli", "worker", "example_jobs"]
    worker = subprocess.Popen(
        [*command, "--services", "stuck:services", "--grace", "0.1"],
        cwd=EXAMPLE,
        env=environment | {"PYTHONPATH": str(tmp_path)},
    )
    try:
        until((tmp_path / "began").exists)
        worker.terminate()
        assert worker.wait(60) == 0
    finally:
        worker.kill()
        worker.wait()
    assert {(job.status, job.attempts) for job in queue.list()} == {("pending", 0)}
