import asyncio
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from conduit_runtime import ConduitError, JobContext, JobLost, PayloadError, current_job
from conduit_runtime.job_types.host import ConnectionLost
from conduit_runtime.model.calls import entered_job
from conduit_runtime.services.protocols import prepare
from example_app import insert_order
from example_jobs.order import EmailSend, SearchIndexUpdate, email_send, search_index_update
from example_jobs.records import Order, User


class Host:
    """A worker for one job."""

    def __init__(self, app_dsn: str) -> None:
        self._dsn = app_dsn
        self.stored: list[dict[str, Any]] = []
        self.reported = asyncio.Event()
        self.lost = False
        self.trouble: Exception | None = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        connection = await psycopg.AsyncConnection.connect(self._dsn, autocommit=True)
        async with connection:
            yield connection

    def linger(self, thread: object) -> None:
        raise AssertionError("no attempt is stopped here")

    async def progress(self, job: Any, progress: dict[str, Any]) -> None:
        self.stored.append(progress)
        self.reported.set()
        if self.lost:
            raise JobLost("gone")
        if self.trouble is not None:
            raise self.trouble


JOB = SimpleNamespace(
    id=UUID(int=9),
    type="order.after_update.email_send",
    queue="mail",
    attempts=2,
    max_attempts=3,
    headers=None,
)


@pytest.fixture
def conn(conn: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """`conn` in autocommit mode, so that jobs see its rows."""
    conn.autocommit = True
    return conn


def in_job(
    app_dsn: str, use: Callable[[JobContext[Any], Host], Awaitable[Any]], services: object = None
) -> Any:
    async def run() -> Any:
        host = Host(app_dsn)
        context: JobContext[Any] = JobContext(JOB, services, host, asyncio.get_running_loop())
        entered_job.set(JOB)
        return await use(context, host)

    return asyncio.run(run())


def test_a_generated_handler_runs(conn: psycopg.Connection[Any], app_dsn: str) -> None:
    order = insert_order(conn)
    sent: list[Any] = []

    async def send(to: str, /, *, subject: str, body: str) -> None:
        assert current_job().id == JOB.id
        sent.append((to, subject, body))

    services = prepare(SimpleNamespace(email=SimpleNamespace(send=send)), ()).for_jobs()
    payload = EmailSend(
        id=order["id"],
        number="AB-1",
        total=Decimal("12.50"),
        state="shipped",
        note=None,
        address_country="DE",
        customer_id=order["customer_id"],
        was="open",
    )

    async def use(context: JobContext[Any], host: Host) -> None:
        await email_send(context, payload)
        [child] = context.enqueued
        assert (child.type, child.queue) == (search_index_update.name, "search")
        assert child.payload == {"id": str(order["id"]), "state": "shipped", "total": "12.50"}

    in_job(app_dsn, use, services)
    assert sent == [("z@e.de", "Dear Zoë, your order AB-1", "To DE, was open. ")]
    assert conn.execute("SELECT notified_at IS NOT NULL FROM orders").fetchall() == [(True,)]


def test_a_row_is_kept_for_the_run_and_its_writes_show(
    conn: psycopg.Connection[Any], app_dsn: str, caplog: pytest.LogCaptureFixture
) -> None:
    order = insert_order(conn)

    async def use(context: JobContext[Any], host: Host) -> None:
        found = await context.get(Order, order["id"])
        conn.execute("UPDATE orders SET note = 'elsewhere'")
        assert (await context.get(Order, order["id"])).note is None
        await context.update_path(Order, order["id"], "address.country", "FR")
        fresh = await context.get(Order, order["id"])
        assert (fresh.address.country, fresh.address.street) == ("FR", "Höhe 1")
        await context.increment(Order, order["id"], "total", Decimal("0.5"))
        assert fresh.total == Decimal("13.00")
        assert found.total == Decimal("12.50")
        user = await context.create(User, name="New", email="n@e.de")
        assert await context.find(User, user.id) == user
        assert await context.pluck(str, "SELECT name FROM users ORDER BY name") == ["New", "Zoë"]
        assert len(await context.fetch(User, "SELECT * FROM users")) == 2
        assert await context.first(User, "SELECT * FROM users WHERE name = %s", ("?",)) is None
        assert await context.scalar(int, "SELECT count(*) FROM users") == 2
        assert await context.pluck_rows("SELECT 1, 'a'") == [[1, "a"]]
        assert await context.create_many(User, []) == []
        assert len(await context.create_many(User, [{"name": "a", "email": "b"}] * 2)) == 2
        await context.delete(User, user.id)
        assert await context.find(User, user.id) is None
        with pytest.raises(ConduitError, match="users has no row with id = "):
            await context.get(User, uuid4())
        await context.update(User, user.id, name="late")
        async with context.connection() as own:
            await own.execute("SELECT 1")

    in_job(app_dsn, use)
    assert f"User {''}" in caplog.text
    assert "is gone: nothing was updated" in caplog.text


def test_only_a_lost_connection_passes_a_rescue(
    conn: psycopg.Connection[Any], app_dsn: str
) -> None:
    async def use(context: JobContext[Any], host: Host) -> None:
        with pytest.raises(psycopg.errors.QueryCanceled):
            await context.scalar(str, "SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(9)")
        with pytest.raises(ConnectionLost, match="could not be reached"):
            await context.scalar(str, "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(9)")

    async def unreachable(context: JobContext[Any], host: Host) -> None:
        with pytest.raises(ConnectionLost):
            await context.pluck(int, "SELECT 1")

    in_job(app_dsn, use)
    in_job("host=/nowhere", unreachable)
    assert not issubclass(ConnectionLost, Exception)


def test_what_a_job_knows_of_itself(app_dsn: str, caplog: pytest.LogCaptureFixture) -> None:
    async def use(context: JobContext[Any], host: Host) -> None:
        assert (context.id, context.type, context.queue) == (JOB.id, JOB.type, "mail")
        assert (context.attempt, context.max_attempts) == (2, 3)
        with caplog.at_level(logging.INFO, "conduit.job"):
            context.log.info("here")

    in_job(app_dsn, use)
    assert caplog.records[-1].__dict__["job_id"] == str(JOB.id)


def test_a_bad_child_payload_is_refused_at_once(app_dsn: str) -> None:
    async def use(context: JobContext[Any], host: Host) -> None:
        bad = SearchIndexUpdate(id=uuid4(), state="open", total=Decimal("NaN"))
        with pytest.raises(PayloadError, match="total"):
            context.enqueue(search_index_update, bad)
        assert context.enqueued == []

    in_job(app_dsn, use)


def test_services_of_a_hand_written_handler_are_the_ones_that_were_given(app_dsn: str) -> None:
    given = SimpleNamespace(mail=SimpleNamespace(send=lambda: "sent"))

    async def use(context: JobContext[Any], host: Host) -> None:
        assert context.services.mail.send() == "sent"

    in_job(app_dsn, use, given)


def test_progress_is_stored_at_once_and_then_coalesced(app_dsn: str) -> None:
    async def use(context: JobContext[Any], host: Host) -> None:
        await asyncio.to_thread(context.progress, 1, 10, "begun")
        await asyncio.wait_for(host.reported.wait(), 60)
        host.reported.clear()
        for done in range(2, 10):
            context.progress(done, 10)
        await asyncio.wait_for(host.reported.wait(), 60)
        assert host.stored == [
            {"done": 1, "total": 10, "note": "begun"},
            {"done": 9, "total": 10, "note": None},
        ]

    in_job(app_dsn, use)


def test_a_job_that_is_lost_learns_of_it(app_dsn: str) -> None:
    async def use(context: JobContext[Any], host: Host) -> None:
        context.raise_if_cancelled()
        host.lost = True
        context.progress(1)
        await asyncio.wait_for(host.reported.wait(), 60)
        with pytest.raises(asyncio.CancelledError):
            context.raise_if_cancelled()

    in_job(app_dsn, use)


def test_progress_survives_an_outage(app_dsn: str) -> None:
    async def use(context: JobContext[Any], host: Host) -> None:
        host.trouble = psycopg.OperationalError("the server is down")
        context.progress(1)
        await asyncio.wait_for(host.reported.wait(), 60)
        reporter = context._reporter
        assert reporter is not None
        host.trouble = None
        host.reported.clear()
        context.progress(2)
        await asyncio.wait_for(host.reported.wait(), 60)
        assert context._reporter is reporter
        assert [progress["done"] for progress in host.stored] == [1, 2]

    in_job(app_dsn, use)


def test_progress_needs_a_running_job(app_dsn: str) -> None:
    context: JobContext[Any] = JobContext(JOB, None, SimpleNamespace())  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="not running"):
        context.progress(1)


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ((object(),), TypeError, "done"),
        (("5",), TypeError, "done"),
        ((True,), TypeError, "done"),
        ((math.nan,), ValueError, "done"),
        ((10**400,), ValueError, "done"),
        ((1, [2]), TypeError, "total"),
        ((1, math.inf), ValueError, "total"),
        ((1, 2, 3), TypeError, "note"),
    ],
)
def test_progress_that_cannot_be_stored_is_refused_at_once(
    app_dsn: str, arguments: tuple[Any, ...], error: type[Exception], name: str
) -> None:
    async def use(context: JobContext[Any], host: Host) -> None:
        with pytest.raises(error, match=f"^{name} is .*: use "):
            context.progress(*arguments)
        assert context._reporter is None

    in_job(app_dsn, use)
