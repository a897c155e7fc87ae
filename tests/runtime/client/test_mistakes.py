"""Error messages of a queue for mistakes of first use."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import psycopg
import pytest
from conduit_runtime import AsyncQueue, Job, PayloadError, Queue

CALLS: list[Callable[[Queue], object]] = [
    lambda queue: queue.enqueue(Job(type="t")),
    lambda queue: queue.enqueue_many([Job(type="t"), Job(type="t")]),
    lambda queue: queue.get(uuid4()),
    lambda queue: queue.limit("mail", 3),
    lambda queue: queue.type_limits(),
]


@pytest.mark.parametrize("call", CALLS)
def test_the_error_for_missing_tables_says_what_to_do(
    empty_dsn: str, call: Callable[[Queue], object]
) -> None:
    with Queue(empty_dsn) as queue, pytest.raises(psycopg.errors.UndefinedTable) as caught:
        call(queue)
    [note] = caught.value.__notes__
    assert note.endswith("run `conduit-jobs migrate` on this database first")


def test_so_it_does_for_a_connection_of_the_application(empty_dsn: str) -> None:
    async def enqueue() -> None:
        async with (
            await psycopg.AsyncConnection.connect(empty_dsn) as conn,
            AsyncQueue(empty_dsn) as queue,
        ):
            await queue.enqueue(Job(type="t"), conn=conn)

    with pytest.raises(psycopg.errors.UndefinedTable) as caught:
        asyncio.run(enqueue())
    assert "conduit-jobs migrate" in caught.value.__notes__[0]


def test_a_missing_table_of_the_application_is_its_own_matter(dsn: str) -> None:
    with psycopg.connect(dsn) as conn, pytest.raises(psycopg.errors.UndefinedTable) as caught:
        conn.execute("SELECT * FROM orders")
    assert not hasattr(caught.value, "__notes__")


def test_a_payload_instead_of_the_type_is_named(dsn: str) -> None:
    with Queue(dsn) as queue, pytest.raises(PayloadError) as caught:
        queue.enqueue(Job("email.send", {"to": "a secret"}))  # type: ignore[arg-type]
    assert str(caught.value) == (
        "type is a dict, not a text: without names, Job(…) takes queue, type, payload"
    )
