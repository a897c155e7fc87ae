"""`conduit-jobs preflight`, as its users call it before a deploy."""

import json
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from click.testing import CliRunner, Result
from conduit_runtime import Job, Queue
from conduit_runtime.cli import commands
from conduit_runtime.postgres.tables.grants import grants
from psycopg.conninfo import make_conninfo

EMAIL = "order.after_update.email_send"
PACKAGE = Path(__file__).parents[1] / "example" / "example_jobs"


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages are found from the working folder."""
    monkeypatch.chdir(PACKAGE.parent)


def preflight(dsn: str, *arguments: str, code: int = 0, package: str = "example_jobs") -> Result:
    packages = [package] if package else []
    done = CliRunner().invoke(commands, ["preflight", *packages, "--dsn", dsn, *arguments])
    assert done.exit_code == code, done.output
    assert "Traceback" not in done.output
    return done


def email_queue() -> str:
    from example_jobs.order import email_send

    return str(email_send.queue)


def test_a_database_without_jobs_is_fine(dsn: str) -> None:
    assert "no job would be stranded" in preflight(dsn).output
    assert json.loads(preflight(dsn, "--format", "json").output) == {"stranded": 0, "findings": []}


def test_services_that_refuse_a_call_are_an_error(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "few_services.py").write_text("services = object()")
    monkeypatch.syspath_prepend(tmp_path)
    assert "email" in preflight(dsn, "--services", "few_services:services", code=1).output
    assert "no job would be stranded" in preflight(dsn, "--services", "echo").output


def test_jobs_that_would_be_stranded_are_an_error(queue: Queue, dsn: str) -> None:
    queue.enqueue_many([Job(email_queue(), "order.gone") for _ in range(3)])
    done = json.loads(preflight(dsn, "--format", "json", code=1).output)
    assert done["stranded"] == 3
    [finding] = done["findings"]
    assert 0 <= finding.pop("oldest_seconds") < 60
    assert finding == {
        "type": "order.gone",
        "fingerprint": "",
        "queue": email_queue(),
        "status": "pending",
        "jobs": 3,
        "reads": "no",
        "message": "no job type of the package has this name",
    }
    table = preflight(dsn, code=1).output
    assert "order.gone (any shape, pending): no job type" in table
    assert "3 jobs would be stranded" in table
    preflight(dsn, "--ignore-type", "order.gone")
    preflight(dsn, "--ignore-queue", email_queue())


def test_texts_of_jobs_do_not_reach_the_terminal_as_they_are(queue: Queue, dsn: str) -> None:
    queue.enqueue(Job(email_queue(), "order.\x1b[31m", fingerprint="f"))
    queue.enqueue(Job(email_queue(), EMAIL, fingerprint="\x1b[2J"))
    queue.enqueue(Job("\x1b]0;x\x07", EMAIL))
    for form in ("table", "json"):
        output = preflight(dsn, "--format", form, code=1).output
        assert not {"\x1b", "\x07"} & {*output}
        assert output.count("[31m") >= 1


@pytest.mark.slow
def test_queues_are_those_of_the_worker(queue: Queue, dsn: str) -> None:
    queue.enqueue(Job("bulk", EMAIL, {"number": "1", "subject": "s"}, fingerprint="f"))
    assert "add --queue bulk" in preflight(dsn, code=1).output
    assert "add --queue bulk" not in preflight(dsn, "--queue", "bulk=3", code=1).output
    assert "takes NAME" in preflight(dsn, "--queue", "bulk=x", code=2).output


@pytest.mark.parametrize(
    ("package", "code", "message"),
    [
        ("nowhere", 1, "there is no package nowhere"),
        ("json", 1, "json has no JOBS"),
        ("", 2, "name a generated package"),
    ],
)
def test_a_package_that_is_none_is_an_error(
    dsn: str, package: str, code: int, message: str
) -> None:
    assert message in preflight(dsn, package=package, code=code).output


def test_a_database_that_is_none_is_an_error(empty_dsn: str) -> None:
    assert "run `conduit-jobs migrate`" in preflight(empty_dsn, code=1).output
    gone = make_conninfo(empty_dsn, dbname="nowhere")
    assert "the database cannot be used" in preflight(gone, code=1).output
    assert "conduit-jobs migrate" in preflight(empty_dsn, "--schema", "none", code=1).output


@pytest.mark.slow
def test_it_needs_only_the_rights_of_a_reader(queue: Queue, dsn: str) -> None:
    queue.enqueue(Job(email_queue(), EMAIL, {}))
    name = f"reader {uuid4().hex[:8]}"
    reading = make_conninfo(dsn, user=name, password="x")
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE \"{name}\" LOGIN PASSWORD 'x'")
        try:
            assert "the database does not allow it" in preflight(reading, code=1).output
            printed = CliRunner().invoke(commands, ["migrate", "--print-grants", "--reader", name])
            assert printed.output.splitlines() == [*grants(None, readers=[name])]
            for statement in printed.output.splitlines():
                admin.execute(statement)
            assert "1 job would be stranded" in preflight(reading, code=1).output
            rights = {line.split()[1] for line in printed.output.splitlines()}
            assert rights == {"USAGE", "SELECT", "EXECUTE"}
        finally:
            admin.execute(f'DROP OWNED BY "{name}"')
            admin.execute(f'DROP ROLE "{name}"')
