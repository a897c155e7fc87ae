"""Hooks in the transactions of an application."""

import re
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from conduit_runtime import NoTransaction, PayloadError
from example_app import insert_order, jobs_of, ship
from hook_drivers import DIVISION_BY_ZERO, UNDEFINED_TABLE, Conn, Hook, after_update, batch
from note_hooks import Note
from notes import Copy, copy, insert_note, note
from psycopg.rows import namedtuple_row, scalar_row


@pytest.mark.parametrize("bad", ["\0", "\ud800", float("nan"), datetime(2026, 1, 1), object()])
def test_a_bad_payload_leaves_the_transaction_usable(conn: Conn, bad: object) -> None:
    row = insert_note(conn)
    with pytest.raises(PayloadError, match="from"), Hook(conn, Note, row) as hook:
        hook.enqueue(copy, Copy(bad))
    assert note(conn)["from"] == "me"


def test_autocommit_outside_a_transaction_is_refused(
    psycopg_conn: psycopg.Connection[Any], app_dsn: str
) -> None:
    row = insert_note(psycopg_conn)
    psycopg_conn.commit()
    with psycopg.connect(app_dsn, autocommit=True) as other:
        with pytest.raises(NoTransaction, match=r"conn\.transaction"):
            Hook(other, Note, row)
        with pytest.raises(NoTransaction):
            batch(other)
        with other.transaction(), Hook(other, Note, row) as hook:
            hook.record.from_ = "you"
            hook.enqueue(copy, Copy(1))
    assert (note(psycopg_conn)["from"], len(jobs_of(psycopg_conn))) == ("you", 1)


@pytest.mark.parametrize("level", psycopg.IsolationLevel)
@pytest.mark.parametrize("factory", [namedtuple_row, scalar_row])
def test_any_isolation_and_any_row_factory(
    psycopg_conn: psycopg.Connection[Any], level: psycopg.IsolationLevel, factory: Any
) -> None:
    psycopg_conn.isolation_level = level
    psycopg_conn.row_factory = factory
    psycopg_conn.cursor_factory = psycopg.ClientCursor
    before = insert_order(psycopg_conn)
    after_update(psycopg_conn, ship(psycopg_conn, before), before)
    psycopg_conn.commit()
    assert len(jobs_of(psycopg_conn)) == 3


def test_two_serializable_transactions_that_enqueue_both_commit(
    psycopg_conn: psycopg.Connection[Any], app_dsn: str
) -> None:
    with psycopg.connect(app_dsn) as other:
        for number, connection in enumerate((psycopg_conn, other)):
            connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
            with Hook(connection, Note, insert_note(connection, number)) as hook:
                hook.record.from_ = "you"
                hook.enqueue(copy, Copy(number))
        psycopg_conn.commit()
        other.commit()
        assert len(jobs_of(psycopg_conn)) == 2


def test_one_round_trip_for_the_update_and_any_number_of_jobs(
    psycopg_conn: psycopg.Connection[Any], tmp_path: Path
) -> None:
    row = insert_note(psycopg_conn)
    protocol = tmp_path / "protocol"
    with protocol.open("w") as file:
        psycopg_conn.pgconn.trace(file.fileno())
        with Hook(psycopg_conn, Note, row) as hook:
            hook.record.from_ = "you"
            for number in range(50):
                hook.enqueue(copy, Copy(number))
        psycopg_conn.pgconn.untrace()
    assert len(re.findall(r"\tF\t\d+\tSync\b", protocol.read_text())) == 1
    assert len(jobs_of(psycopg_conn)) == 50


def test_a_savepoint_keeps_the_transaction_usable(conn: Conn) -> None:
    with Hook(conn, Note, insert_note(conn)) as hook:
        try:
            with hook.savepoint():
                hook.create(Note, id=2, from_="lost")
                hook.scalar(int, "SELECT 1 / 0")
        except DIVISION_BY_ZERO:
            hook.enqueue(copy, Copy("rescued"))
        with hook.savepoint():
            hook.create(Note, id=3, from_="kept")
    assert conn.execute("SELECT array_agg(id ORDER BY id) FROM notes").fetchall() == [([1, 3],)]
    assert len(jobs_of(conn)) == 1


def test_a_rescue_does_not_hide_that_the_connection_is_lost(
    psycopg_conn: psycopg.Connection[Any], app_dsn: str
) -> None:
    def act() -> None:
        with Hook(psycopg_conn, Note, insert_note(psycopg_conn)) as hook:
            with psycopg.connect(app_dsn, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s)", (psycopg_conn.info.backend_pid,))
            with suppress(psycopg.Error), hook.savepoint():
                hook.scalar(int, "SELECT 1")

    with pytest.raises(psycopg.OperationalError, match="nothing of its transaction is stored"):
        act()


def test_a_database_without_our_tables_says_what_to_do(conn: Conn) -> None:
    row = insert_note(conn)
    conn.execute("ALTER TABLE jobs RENAME TO other")
    with pytest.raises(UNDEFINED_TABLE) as caught, Hook(conn, Note, row) as hook:
        hook.enqueue(copy, Copy(1))
    assert "conduit-jobs migrate" in caught.value.__notes__[0]
