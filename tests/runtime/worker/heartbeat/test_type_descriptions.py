"""A worker stores descriptions of its job types, and does not touch rows that are equal."""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobContext, Queue, Sensitive, WorkerPool, job_type
from conduit_runtime.model.type_description import (
    DescribedType,
    FieldShape,
    KnownShape,
    TypeDescription,
    TypeSource,
)
from conduit_runtime.postgres.execute import run
from conduit_runtime.statements.job_types import describe_types, described_types, known_shapes
from conduit_runtime.worker.run import handlers
from timed import Timed
from waiting import until


@dataclass(frozen=True, slots=True)
class Card:
    number: Sensitive[str]
    amounts: list[int] | None


@job_type("card.charge", "c0ffee00", queue="cards", max_attempts=5, was=["card.pay"])
async def charge(job: JobContext[Any], card: Card) -> None: ...


@dataclass(frozen=True, slots=True)
class Nothing: ...


@job_type("card.idle", "00000000", queue="cards")
async def idle(job: JobContext[Any], payload: Nothing) -> None: ...


FIELDS = {
    "number": FieldShape("string", sensitive=True),
    "amounts": FieldShape("array", nullable=True, item=FieldShape("int")),
}


@pytest.fixture
def connection(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def types(connection: psycopg.Connection[Any]) -> dict[str, DescribedType]:
    return {each.type: each for each in run(connection, described_types())}


def test_types_are_described_under_all_their_names(
    queue: Queue, connection: psycopg.Connection[Any]
) -> None:
    with WorkerPool(queue, jobs=[charge, idle]) as pool:
        until(lambda: len(types(connection)) == 3)
        pool.register("by.hand", lambda context, payload: None)
        until(lambda: len(types(connection)) == 4)
    found = types(connection)
    assert sorted(found) == ["by.hand", "card.charge", "card.idle", "card.pay"]
    for name in ("card.charge", "card.pay"):
        assert found[name].fingerprint == "c0ffee00"
        assert found[name].queue == "cards"
        assert found[name].description.fields == FIELDS
        assert found[name].description.options == {"max_attempts": 5}
    assert found["card.idle"].description.fields == {}
    assert found["by.hand"].fingerprint == ""
    assert run(connection, known_shapes(["card.charge", "card.idle", "none"])) == {
        "card.charge": [KnownShape("c0ffee00", FIELDS)],
        "card.idle": [KnownShape("00000000", {})],
    }
    assert run(connection, described_types("card.idle")) == [found["card.idle"]]


def test_rows_are_written_only_when_they_change(
    queue: Queue, connection: psycopg.Connection[Any]
) -> None:
    def rows() -> list[tuple[Any, ...]]:
        reading = "SELECT type, xmin::text, description FROM conduit_job_types ORDER BY type"
        return connection.execute(reading).fetchall()

    for _ in range(2):
        with WorkerPool(queue, jobs=[charge, idle]):
            until(lambda: len(rows()) == 3)
        before = rows()
        with WorkerPool(queue, jobs=[charge, idle]):
            pass
        assert rows() == before
        changing = "UPDATE conduit_job_types SET description = '{}' WHERE type = 'card.idle'"
        connection.execute(changing)
        with WorkerPool(queue, jobs=[charge, idle]):
            pass
        changed = [new[0] for new, old in zip(rows(), before, strict=True) if new != old]
        assert changed == ["card.idle"]
        assert [row[2] for row in rows()] == [row[2] for row in before]
        connection.execute("TRUNCATE conduit_job_types")


def test_a_worker_that_may_not_write_them_works(
    queue: Queue,
    connection: psycopg.Connection[Any],
    caplog: pytest.LogCaptureFixture,
    timed: Timed,
) -> None:
    """The worker tries again later."""
    timed(descriptions=0.1)
    connection.execute("ALTER TABLE conduit_job_types RENAME TO elsewhere")
    try:
        with caplog.at_level(logging.WARNING), WorkerPool(queue, jobs=[charge]):
            began = time.monotonic()
            until(lambda: "part of the maintenance failed" in caplog.text)
            connection.execute("ALTER TABLE elsewhere RENAME TO conduit_job_types")
            until(lambda: len(types(connection)) == 2)
            assert time.monotonic() - began < 60
    finally:
        connection.execute("ALTER TABLE IF EXISTS elsewhere RENAME TO conduit_job_types")


def test_code_that_cannot_be_described_works_and_hides_no_other(
    queue: Queue,
    connection: psycopg.Connection[Any],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*given: object) -> None:
        raise RuntimeError("odd code")

    monkeypatch.setattr(handlers, "describe_function", fail)
    with caplog.at_level(logging.WARNING), WorkerPool(queue, jobs=[charge]) as pool:
        done: list[object] = []
        pool.register("by.hand", lambda context, payload: done.append(payload))
        queue.enqueue(Job("cards", "by.hand", payload=1))
        until(lambda: done)
        until(lambda: "will not know the type by.hand" in caplog.text)
        assert sorted(types(connection)) == ["card.charge", "card.pay"]
    assert "odd code" in caplog.text
    assert "declared dead" not in caplog.text


def test_texts_that_postgres_refuses_are_replaced(connection: psycopg.Connection[Any]) -> None:
    source = TypeSource("a\0b", 1, "\ud800")
    odd = DescribedType("odd", "ffff", "", TypeDescription({"\0": FieldShape("any")}, source))
    run(connection, describe_types([odd]))
    described = types(connection)["odd"].description
    assert described.source == TypeSource("a\N{REPLACEMENT CHARACTER}b", 1, "?")
    assert [*described.fields] == ["\N{REPLACEMENT CHARACTER}"]
