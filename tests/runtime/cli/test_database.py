"""The database that commands use, its tables and its grants."""

import os
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
from command_line import EXAMPLE, Run
from conduit_runtime import Queue, embedded


@pytest.mark.slow
def test_migrate_is_idempotent_and_prints_its_sql(run: Run, empty_dsn: str) -> None:
    assert "applied migration" in run("migrate", "--dsn", empty_dsn).stdout
    assert "up to date" in run("migrate", "--dsn", empty_dsn).stdout
    script = run("migrate", "--print", "--schema", "other").stdout
    assert 'CREATE SCHEMA IF NOT EXISTS "other"' in script
    with psycopg.connect(empty_dsn, autocommit=True) as conn:
        conn.execute(script)
    assert "up to date" in run("migrate", "--dsn", empty_dsn, "--schema", "other").stdout


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.usefixtures("shipped")
def test_echo_asks_before_it_completes_jobs_of_a_real_database(run: Run, queue: Queue) -> None:
    refused = run("worker", "example_jobs", "--services", "echo", "--drain", code=2).stderr
    assert "without doing their work" in refused
    assert "--yes" in refused
    assert queue.stats().pending == 4


@pytest.mark.slow
def test_echo_asks_nothing_on_the_embedded_database_and_dsn_stop_ends_it(
    run: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    del environment["CONDUIT_DATABASE_URL"]
    (tmp_path / "example_jobs").symlink_to(EXAMPLE / "example_jobs")
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
    again = run("dsn", **exported)  # the address that a shell still knows starts the server again
    assert "no --dsn" not in again.stderr
    psycopg.connect(dsn := again.stdout.strip()).close()
    assert "has ended" in run("dsn", "--stop", **exported).stdout
    exported["env"]["DATABASE_URL"] = dsn
    run("jobs", "list", **exported)
    assert "has ended" in run("dsn", "--stop", **exported).stdout  # the server was kept
    assert "no embedded Postgres runs here" in run("dsn", "--stop", **here).stdout
    run("dsn", "--stop", "--dsn", dsn, code=2)
    run("jobs", "list", **here)  # the server starts again, with its data
    assert "no embedded Postgres runs here" in run("dsn", "--stop", **here).stdout
