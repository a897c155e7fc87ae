"""`conduit-jobs`, as its users call it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import psycopg
import pytest
from conduit_runtime import CronScheduler, Job, Queue, Schedule, embedded
from example_app import SCHEMA, insert_order, ship
from example_jobs.order import after_create, after_update
from waiting import until

Run = Callable[..., "subprocess.CompletedProcess[str]"]
_EXAMPLE = Path(__file__).parents[1] / "example"
ECHO = ("worker", "example_jobs", "--services", "echo", "--yes")


@pytest.fixture
def environment(dsn: str) -> dict[str, str]:
    return os.environ | {"CONDUIT_DATABASE_URL": dsn, "COLUMNS": "200"}


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    def call(*arguments: str, code: int = 0, **options: Any) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, "-m", "conduit_runtime.cli", *arguments],
            **{"cwd": _EXAMPLE, "env": environment, **options},
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done

    return call


@pytest.fixture
def shipped(dsn: str) -> None:
    """An order that was created and shipped: four jobs, one of which enqueues another."""
    with psycopg.connect(dsn) as conn:
        conn.execute(SCHEMA)
        order = insert_order(conn)
        after_create(conn, order)
        after_update(conn, ship(conn, order), order)


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


@pytest.mark.usefixtures("shipped")
def test_several_processes_share_the_work(run: Run, queue: Queue) -> None:
    done = run(*ECHO, "--drain", "--processes", "2")
    assert len(done.stdout.splitlines()) == 5
    assert queue.stats().completed == 5


@pytest.mark.usefixtures("shipped")
def test_only_the_named_queues_are_served(run: Run, queue: Queue) -> None:
    run(*ECHO, "--drain", "--queue", "search=2")
    assert {job.queue for job in queue.list(status="completed")} == {"search"}


def test_the_package_is_found_in_the_configuration(run: Run, tmp_path: Path) -> None:
    (tmp_path / "example_jobs").symlink_to(_EXAMPLE / "example_jobs")
    (tmp_path / "pyproject.toml").write_text('[tool.conduit]\nout = "example_jobs"\n')
    run("worker", "--services", "echo", "--yes", "--drain", cwd=tmp_path)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["worker", "nowhere"], 1, "there is no package nowhere"),
        (["worker", "./nowhere"], 1, "there is no package ./nowhere"),
        (["worker", ".nowhere"], 1, "there is no package .nowhere"),
        (["worker", "."], 1, "there is no package ."),
        (["worker", "json"], 1, "json has no JOBS"),
        (["worker", "example_jobs"], 1, "the jobs call Email.send"),
        (["worker", "example_jobs", "--services", "no.where:x"], 1, "no module 'no'"),
        ([*ECHO, "--queue", "a=b"], 2, "NAME=N"),
        (
            [*ECHO, "--schedules", "pager:page"],
            1,
            "--schedules pager:page: TypeError",
        ),
        (["worker"], 2, "name a generated package"),
        (["jobs", "show", "00000000-0000-0000-0000-000000000000"], 1, "there is no job"),
        (["jobs", "list", "--limit", "9" * 20], 2, "not in the range"),
        (["jobs", "list", "--queue", "\udcff"], 2, r"the argument '\xff' is not valid UTF-8"),
        (["jobs", "list", "--schema=é\udcff"], 2, r"'--schema=é\xff' is not valid UTF-8"),
        (["schedules", "enable", "\udcff"], 2, "is not valid UTF-8"),
        (["jobs", "list", "--schema", ""], 2, "a name is missing"),
        (["queues", "limit", "a", "--concurrency", "9" * 11], 2, "use 1 to 2147483647"),
        (["jobs", "show", "x"], 2, "not a valid UUID"),
        (["jobs", "list", "--status", "odd"], 2, "odd"),
        (["jobs", "purge", "--older-than", "soon"], 2, "not a duration"),
        (["worker", "example_jobs", "--queue", ""], 2, "--queue is empty"),
        (
            [*ECHO, "--queue", "q" * 300],
            1,
            "longer than 200 bytes",
        ),
        (["worker", "example_jobs", "--grace", "nan"], 2, "--grace takes seconds"),
        (["jobs", "purge", "--older-than", "-1d"], 2, "not a duration"),
        (["jobs", "list", "--dsn", "odd"], 1, "string in --dsn, or else in CONDUIT_DATABASE_URL"),
        (["jobs", "list", "--dsn", "postgresql://localhost:1/x"], 1, "cannot be used"),
        (["jobs", "list", "--schema", "nowhere"], 1, "conduit-jobs migrate"),
        (["nonsense"], 2, "No such command"),
    ],
)
def test_mistakes_get_one_clear_message(
    run: Run, arguments: list[str], code: int, message: str
) -> None:
    assert message in run(*arguments, code=code).stderr


def test_one_job_is_one_job(run: Run, queue: Queue) -> None:
    for _ in range(2):
        queue.enqueue(Job(type="t"))
        assert run("jobs", "cancel", "--type", "t").stdout == "1 job cancelled\n"
    purge = ("jobs", "purge", "--older-than", "0s", "--status", "cancelled")
    assert run(*purge).stdout == "2 jobs deleted\n"
    assert run(*purge).stdout == "0 jobs deleted\n"


def test_jobs_are_listed_shown_retried_cancelled_counted_and_purged(
    run: Run, queue: Queue, dsn: str
) -> None:
    job = queue.enqueue(Job("mail", "email.send", {"to": "zoë"}, 75))
    queue.enqueue(Job("other", "t"))
    listed = json.loads(run("jobs", "list", "--queue", "mail", "--format", "json").stdout)
    assert [entry["id"] for entry in listed] == [str(job.id)]
    assert listed[0]["payload"] == {"to": "zoë"}
    assert str(job.id) in run("jobs", "list").stdout
    assert "zoë" in run("jobs", "show", str(job.id)).stdout
    assert json.loads(run("jobs", "show", str(job.id), "--format", "json").stdout)["priority"] == 75
    run("jobs", "cancel", str(job.id))
    run("jobs", "cancel", str(job.id), code=1)
    counts = json.loads(run("jobs", "stats", "--format", "json").stdout)
    assert (counts["pending"], counts["cancelled"]) == (1, 1)
    run("jobs", "retry", str(job.id))
    assert queue.stats().pending == 2
    with psycopg.connect(dsn) as conn:
        conn.execute("UPDATE jobs SET status = 'completed', completed_at = '2020-01-01'")
    assert "2 jobs deleted" in run("jobs", "purge", "--older-than", "30d").stdout
    queues = json.loads(run("queues", "list", "--format", "json").stdout)
    assert queues == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def services():\n    raise OSError('no mail server')\n", "OSError: no mail server"),
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("services = (\n", "SyntaxError: '(' was never closed"),
        ("import nowhere\n", "No module named 'nowhere'"),
    ],
)
def test_faults_of_the_application_are_said_in_one_line(
    run: Run, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "example_jobs").symlink_to(_EXAMPLE / "example_jobs")
    (tmp_path / "faulty.py").write_text(text)
    command = ("worker", "example_jobs", "--services", "faulty:services", "--drain")
    output = run(*command, code=1, cwd=tmp_path).stderr
    assert message in output
    assert "Traceback" not in output
    assert "faulty.py, line" in output


def test_services_that_do_not_accept_a_call_stop_the_worker_at_its_start(
    run: Run, queue: Queue, tmp_path: Path
) -> None:
    copytree(_EXAMPLE / "example_jobs", tmp_path / "example_jobs")
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


def test_a_package_of_another_version_is_said_in_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "__init__.py").write_text(
        'from conduit_runtime import generated_by\n\ngenerated_by("9.0.0")\n'
    )
    output = run("worker", "old", "--services", "echo", "--yes", code=1, cwd=tmp_path).stderr
    assert "9.0.0" in output
    assert "Traceback" not in output


def test_what_changes_jobs_answers_programs_too(run: Run, queue: Queue) -> None:
    job = queue.enqueue(Job("mail", "email.send"))

    def answer(*arguments: str, code: int = 0) -> object:
        return json.loads(run("jobs", *arguments, "--format", "json", code=code).stdout)

    assert answer("cancel", str(job.id)) == [{"id": str(job.id), "done": True}]
    assert answer("cancel", str(job.id), code=1) == [{"id": str(job.id), "done": False}]
    assert answer("retry", str(job.id)) == [{"id": str(job.id), "done": True}]
    assert answer("purge", "--older-than", "0s") == {"deleted": 0}


def test_migrate_is_idempotent_and_prints_its_sql(run: Run, empty_dsn: str) -> None:
    assert "applied migration" in run("migrate", "--dsn", empty_dsn).stdout
    assert "up to date" in run("migrate", "--dsn", empty_dsn).stdout
    script = run("migrate", "--print", "--schema", "other").stdout
    assert 'CREATE SCHEMA IF NOT EXISTS "other"' in script
    with psycopg.connect(empty_dsn, autocommit=True) as conn:
        conn.execute(script)
    assert "up to date" in run("migrate", "--dsn", empty_dsn, "--schema", "other").stdout


def test_grants_are_printed_for_the_roles_that_are_named(run: Run) -> None:
    printed = run("migrate", "--print-grants").stdout
    assert 'ON "public"."jobs" TO "conduit_enqueuer";' in printed
    assert 'ON "public"."jobs" TO "conduit_worker";' in printed
    only = run("migrate", "--print-grants", "--schema", "x", "--worker", 'a"b').stdout
    assert 'ON "x"."jobs" TO "a""b";' in only
    assert "enqueuer" not in only
    assert "--print-grants" in run("migrate", "--worker", "w", code=2).stderr


def test_the_database_is_the_first_that_is_named(run: Run, dsn: str) -> None:
    assert run("dsn").stdout.strip() == dsn
    assert run("dsn", "--dsn", "host=other").stdout.strip() == "host=other"
    url = {"DATABASE_URL": "postgresql+psycopg://x/y", "PATH": os.environ["PATH"]}
    assert run("dsn", env=url).stdout.strip() == "postgresql://x/y"


def test_an_embedded_database_serves_when_none_is_named(run: Run, tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if "DATABASE_URL" not in k}
    done = run("jobs", "stats", cwd=tmp_path, env=environment)
    assert "embedded Postgres" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert (tmp_path / ".conduit" / "postgres").is_dir()
    for command in ("init -q", "add ."):
        subprocess.run(["git", *command.split()], cwd=tmp_path, check=True)
    listed = subprocess.run(["git", "ls-files"], cwd=tmp_path, capture_output=True, check=True)
    assert listed.stdout == b"", "git leaves the database out"


def test_an_embedded_schema_is_made_by_migrate_alone(run: Run, tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if "DATABASE_URL" not in k}
    options: dict[str, Any] = {"cwd": tmp_path, "env": environment}
    with embedded.start(tmp_path / ".conduit" / "postgres") as server:
        output = run("jobs", "list", "--schema", "typo", code=1, **options).stderr
        assert "the schema typo has no tables" in output
        assert "conduit-jobs migrate" in output
        with psycopg.connect(server.dsn) as conn:
            assert conn.execute("SELECT to_regnamespace('typo')").fetchone() == (None,)
        run("migrate", "--schema", "typo", **options)
        run("jobs", "list", "--schema", "typo", **options)


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_worker_stops_gently(
    environment: dict[str, str], queue: Queue, dsn: str, processes: str
) -> None:
    arguments = [*ECHO, "--processes", processes]
    worker = subprocess.Popen(
        [sys.executable, "-m", "conduit_runtime.cli", *arguments], cwd=_EXAMPLE, env=environment
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
        cwd=_EXAMPLE,
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


def test_help_needs_no_database_driver() -> None:
    code = (
        "import sys, conduit_runtime.cli as cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'psycopg', 'rich', 'msgspec', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


def test_every_command_takes_a_schema(run: Run, dsn: str) -> None:
    schema = "our jobs"

    def ask(*arguments: str) -> Any:
        text = run(*arguments, "--schema", schema, "--format", "json").stdout
        return json.loads(text)

    run("migrate", "--schema", schema)
    with Queue(dsn, schema) as there, Queue(dsn) as here:
        job = there.enqueue(Job("mail", "email.send"))
        assert [each["id"] for each in ask("jobs", "list")] == [str(job.id)]
        assert ask("jobs", "show", str(job.id))["queue"] == "mail"
        assert ask("jobs", "cancel", str(job.id)) == [{"id": str(job.id), "done": True}]
        assert ask("jobs", "retry", str(job.id)) == [{"id": str(job.id), "done": True}]
        assert ask("jobs", "stats")["pending"] == 1
        assert ask("queues", "list")[0]["queue"] == "mail"
        CronScheduler(there).add(Schedule.every(hours=1, type="tick"))
        assert ask("schedules", "list")[0]["name"] == "tick"
        run("schedules", "run", "tick", "--schema", schema)
        run("queues", "pause", "mail", "--schema", schema)
        run("queues", "resume", "mail", "--schema", schema)
        assert ask("jobs", "purge", "--older-than", "0s") == {"deleted": 0}
        assert there.stats().pending == 2
        assert here.stats().total == 0
    with psycopg.connect(dsn) as conn:
        conn.execute(SCHEMA)
        conn.execute('SET search_path = public, "our jobs"')
        conn.execute("ALTER TABLE public.jobs RENAME TO hidden")
        after_create(conn, insert_order(conn))
        conn.execute("ALTER TABLE public.hidden RENAME TO jobs")
    done = run(*ECHO, "--drain", "--schema", schema)
    assert json.loads(done.stdout.splitlines()[0])["service"] == "SearchIndex"
    with Queue(dsn) as here:
        assert here.stats().total == 0


@pytest.mark.usefixtures("shipped")
def test_echo_asks_before_it_completes_jobs_of_a_real_database(run: Run, queue: Queue) -> None:
    refused = run("worker", "example_jobs", "--services", "echo", "--drain", code=2).stderr
    assert "without doing them" in refused
    assert "--yes" in refused
    assert queue.stats().pending == 4


def test_echo_asks_nothing_on_the_embedded_database_and_dsn_stop_ends_it(
    run: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    del environment["CONDUIT_DATABASE_URL"]
    (tmp_path / "example_jobs").symlink_to(_EXAMPLE / "example_jobs")
    here: dict[str, Any] = {"cwd": tmp_path, "env": environment}
    assert "no embedded Postgres runs here" in run("dsn", "--stop", **here).stdout
    dsn = run("dsn", **here).stdout.strip()
    echo = ("worker", "example_jobs", "--services", "echo", "--drain")
    run(*echo, **here)
    run(*echo, **here | {"env": environment | {"DATABASE_URL": dsn}})
    assert "has ended" in run("dsn", "--stop", **here).stdout
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(dsn)
    exported = here | {"env": environment | {"DATABASE_URL": dsn}}
    (elsewhere := tmp_path / "elsewhere").mkdir()
    assert "cannot be used" in run("jobs", "list", **exported | {"cwd": elsewhere}, code=1).stderr
    again = run("dsn", **exported)  # what a shell still knows starts it again
    assert "no --dsn" not in again.stderr
    psycopg.connect(dsn := again.stdout.strip()).close()
    assert "has ended" in run("dsn", "--stop", **exported).stdout
    exported["env"]["DATABASE_URL"] = dsn
    run("jobs", "list", **exported)
    assert "has ended" in run("dsn", "--stop", **exported).stdout  # it had been kept
    assert "no embedded Postgres runs here" in run("dsn", "--stop", **here).stdout
    run("dsn", "--stop", "--dsn", dsn, code=2)
    run("jobs", "list", **here)  # it starts again, with its data
    assert "no embedded Postgres runs here" in run("dsn", "--stop", **here).stdout
