"""A row that the application's constraints or triggers refuse holds up no other job."""

import logging
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from conduit_runtime import Job, Queue
from conduit_runtime.statements.many import refused

NOW = timedelta(0)
GUARD = """
CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF coalesce(NEW.type, OLD.type) = 'bad' THEN RAISE 'not this one'; END IF;
  RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON jobs FOR EACH ROW EXECUTE FUNCTION guard()
"""
REFERENCE = """
CREATE TABLE receipts (job uuid REFERENCES jobs (id) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO receipts SELECT id FROM jobs WHERE type = 'bad'
"""


@pytest.fixture
def queue(empty_dsn: str) -> Iterator[Queue]:
    from conduit_runtime import migrate

    migrate(empty_dsn)
    with Queue(empty_dsn) as queue:
        queue.enqueue_many([Job(type="bad" if n in (3, 40) else "t") for n in range(90)])
        yield queue


def execute(queue: Queue, sql: str) -> None:
    with psycopg.connect(queue.dsn) as connection:
        connection.execute(sql)


def left(queue: Queue, status: str) -> int:
    return len(queue.list(type="bad", status=status))


def test_a_cancellation_passes_over_it(queue: Queue, caplog: pytest.LogCaptureFixture) -> None:
    execute(queue, GUARD)
    assert queue.cancel_many(every=True) == 88
    assert left(queue, "pending") == 2
    refusals = [each.getMessage() for each in caplog.records if each.name == "conduit.queue"]
    assert len(refusals) == 2
    assert all("refuses to cancel job" in each and "not this one" in each for each in refusals)


def test_a_retry_passes_over_it(queue: Queue) -> None:
    queue.cancel_many(every=True)
    execute(queue, GUARD)
    assert queue.retry_many(status="cancelled") == 88
    assert left(queue, "cancelled") == 2


def test_a_purge_passes_over_it_even_if_only_the_commit_refuses(queue: Queue) -> None:
    queue.cancel_many(every=True)
    execute(queue, REFERENCE)
    assert queue.purge(NOW, "cancelled") == 88
    assert left(queue, "cancelled") == 2


def test_in_a_transaction_of_the_caller_the_error_is_raised(queue: Queue) -> None:
    queue.cancel_many(every=True)
    execute(queue, GUARD)
    with psycopg.connect(queue.dsn) as connection:
        with pytest.raises(psycopg.errors.RaiseException, match="not this one"):
            queue.purge(NOW, "cancelled", conn=connection)
        connection.rollback()
    assert queue.stats().cancelled == 90


def test_too_many_are_an_error(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refused, "_MOST", 1)
    logging.getLogger("conduit.queue")
    execute(queue, GUARD)
    with pytest.raises(psycopg.errors.RaiseException):
        queue.cancel_many(every=True)
