import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from click.testing import CliRunner
from conduit_runtime import MigrationError, Queue, migrate
from conduit_runtime.cli import commands
from conduit_runtime.model.new_job import COLUMNS
from conduit_runtime.postgres.tables.migrations import _LOCK, script, versions


def test_migrating_again_changes_nothing(empty_dsn: str) -> None:
    assert migrate(empty_dsn) == [number for number, _ in versions()]
    assert migrate(empty_dsn) == []


def test_many_hosts_at_once(empty_dsn: str) -> None:
    with ThreadPoolExecutor(6) as hosts:
        applied = list(hosts.map(lambda _: migrate(empty_dsn), range(6)))
    assert sorted(number for one in applied for number in one) == [n for n, _ in versions()]


def test_two_schemas_in_one_database(empty_dsn: str) -> None:
    migrate(empty_dsn, "one")
    migrate(empty_dsn, "two")
    with Queue(empty_dsn, "one") as one, Queue(empty_dsn, "two") as two:
        assert one.stats().total == two.stats().total == 0


def test_the_printed_script_does_the_same(empty_dsn: str) -> None:
    with psycopg.connect(empty_dsn, autocommit=True) as connection:
        connection.execute(script("jobs of ours"))
    assert migrate(empty_dsn, "jobs of ours") == []


def test_a_schema_that_does_not_exist_is_named(empty_dsn: str) -> None:
    with psycopg.connect(empty_dsn, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public")
    with pytest.raises(MigrationError, match="--schema"):
        migrate(empty_dsn)


def test_a_busy_table_is_waited_for(empty_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conduit_runtime.postgres.tables.migrations._LOCK_TIMEOUT", "50ms")
    with psycopg.connect(empty_dsn) as blocker:
        blocker.execute("CREATE SCHEMA busy")  # not visible yet, but the name is taken
        timer = threading.Timer(0.3, blocker.commit)
        timer.start()
        migrate(empty_dsn, "busy")
        timer.join()
    assert migrate(empty_dsn, "busy") == []


def test_a_foreign_table_of_one_of_our_names_is_named(empty_dsn: str) -> None:
    with psycopg.connect(empty_dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE conduit_unique_keys ()")
    done = CliRunner().invoke(commands, ["migrate", "--dsn", empty_dsn])
    assert done.exit_code == 1
    assert (
        'relation "conduit_unique_keys" already exists, and does not belong to conduit-jobs'
        in done.output
    )


def test_a_database_of_an_older_version_gets_what_it_lacks(
    empty_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = [*versions(), (2, "CREATE TABLE conduit_newer ()")]
    migrate(empty_dsn)
    monkeypatch.setattr("conduit_runtime.postgres.tables.migrations.versions", lambda: newer)
    assert migrate(empty_dsn) == [2]
    assert migrate(empty_dsn) == []
    with psycopg.connect(empty_dsn) as connection:
        connection.execute("SELECT FROM conduit_newer")


def test_whom_it_waits_for_is_reported(empty_dsn: str) -> None:
    waits: list[str] = []
    with psycopg.connect(empty_dsn, application_name="holder") as blocker:
        blocker.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))

        def report(blockers: str) -> None:
            waits.append(blockers)
            blocker.commit()

        migrate(empty_dsn, on_wait=report)
        pid = blocker.info.backend_pid
    [wait] = waits
    assert wait.startswith(f"pid {pid} (user ")
    assert "application 'holder', in a transaction for 00:00:" in wait


@pytest.mark.slow
def test_a_table_that_stays_in_use_is_reported(
    empty_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conduit_runtime.postgres.tables.migrations._TRIES", 1)
    with psycopg.connect(empty_dsn) as blocker:
        blocker.execute("CREATE SCHEMA busy")
        pid = blocker.info.backend_pid
        done = CliRunner().invoke(commands, ["migrate", "--dsn", empty_dsn, "--schema", "busy"])
    assert done.exit_code == 1
    assert f"waiting for pid {pid} (user " in done.stderr
    assert f"could not lock the tables in 1 tries, because of pid {pid} (user" in done.stderr


def test_a_new_job_has_the_columns_of_its_type_in_their_order(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        found = connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'conduit_new_job'::regclass"
            " AND NOT attisdropped ORDER BY attnum"
        ).fetchall()
    assert tuple(name for (name,) in found) == COLUMNS
