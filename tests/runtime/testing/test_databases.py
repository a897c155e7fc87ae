"""Databases of tests: each equals the template, whatever the test before it has done."""

import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from conduit_runtime import Job, Queue
from conduit_runtime.testing.databases import (
    Databases,
    admin,
    drop,
    kept,
    new_name,
)
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier
from waiting import until

APPLICATION = """
CREATE TABLE shops (id int PRIMARY KEY, name text);
CREATE TABLE visits (id int GENERATED ALWAYS AS IDENTITY, shop int REFERENCES shops);
INSERT INTO shops VALUES (1, 'first')
"""


@pytest.fixture
def databases(server_dsn: str, dsn: str) -> Iterator[Databases]:
    with psycopg.connect(dsn) as connection:
        connection.execute(APPLICATION)
        connection.commit()
        # The session stays open, as in the pool of an engine.
        databases = Databases(server_dsn, str(conninfo_to_dict(dsn)["dbname"]))
        with kept(server_dsn):  # tests beside this one drop what nothing keeps
            yield databases
            databases.close()


def name_of(dsn: str) -> object:
    return conninfo_to_dict(dsn)["dbname"]


def test_one_is_emptied_and_used_again(databases: Databases) -> None:
    names = set()
    for _ in range(3):
        with databases.lend() as dsn, psycopg.connect(dsn, autocommit=True) as connection:
            names.add(name_of(dsn))
            [(visit,)] = connection.execute("INSERT INTO visits (shop) VALUES (1) RETURNING id")
            assert visit == 1
            with Queue(dsn) as queue:
                assert queue.list() == []
                queue.enqueue(Job(type="t"))
    assert len(names) == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE shops SET name = 'other'",
        "INSERT INTO shops VALUES (2, 'second')",
        "CREATE TABLE further (id int)",
        "ALTER TABLE visits ADD COLUMN at timestamptz",
        "DROP TABLE visits",
    ],
)
def test_one_that_is_changed_is_made_anew(databases: Databases, change: str) -> None:
    with databases.lend() as first, psycopg.connect(first, autocommit=True) as connection:
        connection.execute(change.encode())
    with databases.lend() as second, psycopg.connect(second) as connection:
        assert name_of(second) != name_of(first)
        assert connection.execute("SELECT name FROM shops").fetchall() == [("first",)]


@pytest.mark.slow
def test_two_at_once_are_two(databases: Databases) -> None:
    with databases.lend() as one, databases.lend() as other:
        assert name_of(one) != name_of(other)


def test_the_transaction_of_a_connection_is_rolled_back(databases: Databases) -> None:
    with databases.connection() as connection:
        connection.execute("INSERT INTO visits (shop) VALUES (1)")
        first = connection.info.dbname
    with databases.connection() as connection:
        assert connection.info.dbname == first
        assert connection.execute("SELECT * FROM visits").fetchall() == []
        connection.execute("INSERT INTO visits (shop) VALUES (1)")
        connection.commit()
    with databases.connection() as connection:
        assert connection.execute("SELECT * FROM visits").fetchall() == []
        connection.close()
    with databases.lend() as dsn, psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT * FROM visits").fetchall() == []


def test_they_are_dropped_at_the_end(server_dsn: str, dsn: str) -> None:
    databases = Databases(server_dsn, str(conninfo_to_dict(dsn)["dbname"]))
    with kept(server_dsn):
        with databases.lend() as lent:
            pass
        databases.close()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(lent)


def test_those_of_a_process_that_was_killed_are_dropped(server_dsn: str) -> None:
    program = (
        "import sys, time; from conduit_runtime.testing.databases import kept, new_name\n"
        "with kept(sys.argv[1]) as connection:\n"
        "  connection.execute(f'CREATE DATABASE {(name := new_name())}'); print(name, flush=True)\n"
        "  time.sleep(600)"
    )
    command = [sys.executable, "-c", program, server_dsn]
    listing = "SELECT datname FROM pg_database WHERE datname = ANY (%s) ORDER BY datname = %s"
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as living,
        admin(server_dsn) as connection,
    ):
        assert killed.stdout is not None
        assert living.stdout is not None
        gone, left = killed.stdout.readline().strip(), living.stdout.readline().strip()
        killed.kill()
        killed.wait()
        mark = gone.rpartition("_")[0]
        sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
        until(lambda: connection.execute(sessions, [mark]).fetchone() == (0,))
        with kept(server_dsn) as keeping:
            ours = new_name()
            keeping.execute(SQL("CREATE DATABASE {}").format(Identifier(ours)))
            with kept(server_dsn):
                found = connection.execute(listing, [[gone, left, ours], ours]).fetchall()
        living.kill()
        assert found == [(left,), (ours,)]
        for name in (left, ours):
            drop(connection, name)
