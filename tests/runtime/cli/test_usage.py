"""The arguments of `conduit-jobs`, and its messages."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from command_line import ECHO, Run
from conduit_runtime import CronScheduler, Job, Queue, Schedule
from example_app import SCHEMA, insert_order
from example_jobs.order import after_create


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["worker", "nowhere"], 1, "there is no package nowhere"),
        (["worker", "./nowhere"], 1, "there is no package ./nowhere"),
        (["worker", ".nowhere"], 1, "there is no package .nowhere"),
        (["worker", "."], 1, "there is no package ."),
        (["worker", "json"], 1, "json has neither JOBS"),
        (["worker", "json:dumps"], 1, "name a WorkerPool or a HandlerRegistry"),
        (["worker", "json:nothing"], 1, "json has no 'nothing'"),
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
        (["migrate", "--schema", "pg_jobs"], 1, '"pg_jobs": give another schema with --schema'),
        (["nonsense"], 2, "No such command"),
    ],
)
def test_mistakes_get_one_clear_message(
    run: Run, arguments: list[str], code: int, message: str
) -> None:
    assert message in run(*arguments, code=code).stderr


def test_help_needs_no_database_driver() -> None:
    code = (
        "import sys, conduit_runtime.cli as cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'psycopg', 'rich', 'msgspec', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


@pytest.mark.slow
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


def test_output_to_a_full_disk_is_no_traceback() -> None:
    command = [sys.executable, "-m", "conduit_runtime.cli", "migrate", "--print"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "Error: the output cannot be written: No space left on device\n"
