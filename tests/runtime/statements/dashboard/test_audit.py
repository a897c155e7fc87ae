"""The record of actions: what a read returns, and what a new action deletes."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from conduit_runtime import PayloadError
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements.dashboard import audit


@pytest.fixture
def connection(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def test_an_action_is_read_back_as_it_was_recorded(connection: psycopg.Connection[Any]) -> None:
    id = run(connection, audit.record("ada", "retry", {"status": ["failed"]}, 3))
    [found] = run(connection, audit.entries(10))
    assert run(connection, audit.entry(id)) == found
    assert (found.actor, found.action, found.count) == ("ada", "retry", 3)
    assert found.target == {"status": ["failed"]}
    assert (found.state, found.total, found.finished_at) == ("done", None, None)
    assert run(connection, audit.entry(id + 1)) is None


def test_the_newest_come_first_and_can_be_filtered(connection: psycopg.Connection[Any]) -> None:
    for actor, action in (("ada", "retry"), ("bob", "retry"), ("ada", "pause"), ("ada", "retry")):
        run(connection, audit.record(actor, action, {}, 1))
    first, *rest = run(connection, audit.entries(10, actor="ada", action="retry"))
    assert [each.id for each in rest] == [1]
    assert first.id == 4
    assert [each.id for each in run(connection, audit.entries(2, before=4))] == [3, 2]


def test_a_new_record_deletes_those_of_more_than_a_year_ago(
    connection: psycopg.Connection[Any],
) -> None:
    connection.execute(
        "INSERT INTO conduit_audit (at, actor, action, target, count) "
        "SELECT now() - make_interval(days => 500 - n), 'ada', 'retry', '{}', 1 "
        "FROM generate_series(1, 150) AS n"
    )
    run(connection, audit.record("ada", "retry", {}, 1))
    assert connection.execute("SELECT count(*) FROM conduit_audit").fetchone() == (51,)
    run(connection, audit.record("ada", "retry", {}, 1))
    oldest = connection.execute("SELECT min(at) > now() - interval '1 year' FROM conduit_audit")
    assert oldest.fetchone() == (True,)


def test_a_locked_old_record_delays_no_action(
    dsn: str, connection: psycopg.Connection[Any]
) -> None:
    connection.execute(
        "INSERT INTO conduit_audit (at, actor, action, target, count) "
        "VALUES (now() - interval '2 years', 'ada', 'retry', '{}', 1)"
    )
    with psycopg.connect(dsn) as other:
        other.execute("SELECT FROM conduit_audit FOR UPDATE")
        connection.execute("SET statement_timeout = '5s'")
        run(connection, audit.record("ada", "retry", {}, 1))


@pytest.mark.parametrize("actor", ["\0", "a\ud800b", "x" * 100_000, "‮<script>", ""])
def test_any_name_of_a_user_can_be_recorded(
    connection: psycopg.Connection[Any], actor: str
) -> None:
    id = run(connection, audit.record(actor, "retry", {}, 1))
    found = run(connection, audit.entry(id))
    assert found is not None
    assert len(found.actor) <= 200


def test_a_target_that_postgres_could_not_hold_is_refused(
    connection: psycopg.Connection[Any],
) -> None:
    with pytest.raises(PayloadError):
        run(connection, audit.record("ada", "retry", {"error": "\0"}, 1))
