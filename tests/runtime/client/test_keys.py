"""Keys of jobs: what they may be, and who sees them."""

import logging
from datetime import UTC, datetime, time, timedelta, timezone
from typing import Any
from uuid import UUID

import psycopg
import pytest
from conduit_runtime import BatchContext, BatchJob, Job, JobContext, PayloadError, Queue, chain
from pools import NewPool
from stored_jobs import reload
from waiting import until

ID = UUID("00000000-0000-4000-8000-000000000001")
AT = datetime(2024, 3, 1, 10, tzinfo=UTC)
ELSEWHERE = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("acme", "acme"),
        ("", ""),
        (7, "7"),
        (True, "true"),
        (ID, str(ID)),
        (("acme", 7), '["acme",7]'),
        (["acme", ID], f'["acme","{ID}"]'),
        ({"b": 1, "a": 2}, '{"a":2,"b":1}'),
        (ELSEWHERE, "2024-03-01T10:00:00Z"),
        (("acme", {"at": [ELSEWHERE]}), '["acme",{"at":["2024-03-01T10:00:00Z"]}]'),
        (datetime.max.replace(tzinfo=ELSEWHERE.tzinfo), "9999-12-31T18:29:59.999999Z"),
        ("ü" * 100, "ü" * 100),
        (None, None),
        (False, None),
    ],
)
def test_a_key_is_stored_as_text(queue: Queue, key: object, text: str | None) -> None:
    job = queue.enqueue(Job(type="t", key=key))
    assert reload(queue, job).key == text
    assert [each.id for each in queue.list(key=key)] == [job.id]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("ü" * 101, "key is 'ü+…: use a value of at most 200 bytes as text"),
        (("a" * 190, "b" * 10), "use a value of at most 200 bytes as text"),
        (object(), "key: its value"),
        (datetime(2024, 3, 1), "key: its value is a datetime without a time zone"),
        ("\0", "key: its value"),
    ],
)
def test_other_keys_are_refused_before_any_sql(queue: Queue, key: object, message: str) -> None:
    with pytest.raises(PayloadError, match=message):
        queue.enqueue(Job(type="t", key=key))


def test_a_time_is_one_value_in_all_zones(queue: Queue) -> None:
    """A session reads the times of a row in its own zone."""
    for wrap in (lambda at: at, lambda at: ("acme", at), lambda at: {"of": [at, time(10)]}):
        first = queue.enqueue(Job(type="t", unique=wrap(AT)))
        again = queue.enqueue(Job(type="t", unique=wrap(ELSEWHERE)))
        assert (again.duplicate, again.id) == (True, first.id)
        assert queue.signal(("t", wrap(ELSEWHERE)), "approved")


@pytest.mark.parametrize("key", [None, False])
def test_without_a_key_there_is_no_filter(queue: Queue, key: object) -> None:
    queue.enqueue(Job(type="t", key="a"))
    for change in (queue.cancel_many, queue.retry_many):
        with pytest.raises(ValueError, match="filter"):
            change(key=key)
    assert queue.stats().pending == 1


def test_every_way_to_enqueue_stores_it(queue: Queue, dsn: str) -> None:
    queue.enqueue_many([Job(type="t", key="a"), Job(type="t")])
    queue.enqueue(Job(type="t", key="a", unique=1))
    flow = queue.enqueue_flow(chain(Job(type="t", key="a"), Job(type="t", key="a")))
    with psycopg.connect(dsn) as connection:
        queue.enqueue(Job(type="t", key="a"), conn=connection)
        connection.execute("INSERT INTO jobs (type, key) VALUES ('t', 'a')")
    assert len(queue.list(key="a")) == 5
    assert reload(queue, flow[1]).key == "a"
    assert queue.cancel_many(key="a") == 6
    assert queue.stats().pending == 1
    assert queue.retry_many(key="a", status="cancelled") == 6


def test_handlers_child_jobs_and_logs_have_it(
    queue: Queue, new_pool: NewPool, caplog: pytest.LogCaptureFixture
) -> None:
    pool = new_pool(workers=1)
    seen: list[object] = []

    @pool.handler("t")
    async def work(context: JobContext, payload: object) -> None:
        seen.append(context.key)
        context.log.warning("here")
        if context.key == "acme":
            context.enqueued.append(Job(type="b", key=(context.key, 1)))

    @pool.batch_handler("b", size=2, wait=0.01)
    async def batch(context: BatchContext[Any], jobs: list[BatchJob[Any]]) -> None:
        seen.extend(job.key for job in jobs)

    queue.enqueue_many([Job(type="t", key="acme"), Job(type="t")])
    with caplog.at_level(logging.WARNING), pool:
        until(lambda: queue.stats().completed == 3)
    assert seen == ["acme", None, '["acme",1]']
    records = [record for record in caplog.records if record.message == "here"]
    assert [getattr(record, "key", None) for record in records] == ["acme", None]
