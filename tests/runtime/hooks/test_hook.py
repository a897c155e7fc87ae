"""What a hook writes, enqueues and reads."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import psycopg
import pytest
from conduit_runtime import AsyncHook, ConduitError, RecordError, ServiceError
from example_app import insert_order, jobs_of, ship
from example_jobs.order import Order
from hook_drivers import Conn, Hook, after_create, after_update
from note_hooks import Note
from notes import Copy, copy, insert_note, note


def test_a_created_row_and_its_job_share_a_transaction(conn: Conn) -> None:
    row = insert_order(conn)
    order = after_create(conn, row)
    assert (order.id, order.total, order.address.street) == (row["id"], Decimal("12.50"), "Höhe 1")
    [job] = jobs_of(conn)
    assert (job["type"], job["queue"]) == ("order.after_create.search_index_add", "search")
    assert job["payload"]["order"]["total"] == "12.50"
    assert job["payload"]["order"]["customer_id"] == str(row["customer_id"])
    conn.rollback()
    assert jobs_of(conn) == []


def test_an_update_writes_assignments_and_jobs_in_order(conn: Conn) -> None:
    before = insert_order(conn)
    order = after_update(conn, ship(conn, before), before)
    conn.commit()
    stored = conn.execute("SELECT shipped_at FROM orders").fetchall()[0][0]
    assert stored == order.shipped_at is not None
    jobs = jobs_of(conn)
    assert [(job["type"].split(".")[-1], job["priority"]) for job in jobs] == [
        ("email_send", 75),
        ("release", 50),
        ("release", 50),
    ]
    assert jobs[0]["payload"]["address_country"] == "DE"
    assert jobs[0]["payload"]["was"] == "open"
    assert [job["payload"]["item_sku"] for job in jobs[1:]] == ["a", "b"]


def test_nothing_is_written_for_a_change_that_starts_nothing(
    conn: Conn,
) -> None:
    row = insert_order(conn)
    after_update(conn, row, dict(row))
    assert jobs_of(conn) == []


def test_a_hook_that_raises_writes_nothing(conn: Conn) -> None:
    def run() -> None:
        with Hook(conn, Note, insert_note(conn)) as hook:
            hook.record.from_ = "you"
            hook.enqueue(copy, Copy("x"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run()
    assert (note(conn)["from"], jobs_of(conn)) == ("me", [])


def test_columns_of_every_kind_are_written_by_their_source_names(
    conn: Conn,
) -> None:
    row = insert_note(conn)
    with Hook(conn, Note, row) as hook:
        hook.record.from_ = "you"
        hook.record.class_["a"] = 1
        hook.record.tags.append("t")
        hook.record.anything = [{"deep": None}, 1.5]
    assert row["from"] == "me"  # the caller's own row stays as it is
    written = note(conn)
    assert (written["from"], written["class"], written["tags"], written["anything"]) == (
        "you",
        {"a": 1},
        ["t"],
        [{"deep": None}, 1.5],
    )
    assert hook.record.updated_at == written["updated_at"] is not None


def test_an_untouched_record_is_not_written(conn: Conn) -> None:
    with Hook(conn, Note, insert_note(conn)) as hook:
        hook.record.from_ = "me"
    assert note(conn)["updated_at"] is None


def test_a_payload_is_taken_when_it_is_enqueued(conn: Conn) -> None:
    with Hook(conn, Note, insert_note(conn)) as hook:
        tags = hook.record.tags
        hook.enqueue(copy, Copy(tags))
        tags.append("later")
    assert jobs_of(conn)[0]["payload"] == {"from": []}


def test_the_options_of_type_and_enqueue(conn: Conn) -> None:
    due = datetime(2031, 2, 3, tzinfo=UTC)
    with Hook(conn, Note, insert_note(conn)) as hook:
        hook.enqueue(copy, Copy(1))
        hook.enqueue(copy, Copy(2), delay=timedelta(days=2), queue="slow", priority=3)
        hook.enqueue(copy, Copy(3), run_at=due, max_attempts=1, timeout=timedelta(seconds=9))
    plain, delayed, dated = jobs_of(conn)
    assert (plain["queue"], plain["priority"], plain["max_attempts"]) == ("notes", 100, 7)
    assert (plain["fingerprint"], plain["attempts"]) == ("00000001", 0)
    assert (delayed["queue"], delayed["priority"]) == ("slow", 3)
    assert delayed["run_at"] - plain["run_at"] == timedelta(days=2)
    assert (dated["run_at"], dated["max_attempts"], dated["timeout"]) == (due, 1, 9.0)
    assert [job.id for job in hook.jobs] == [job["id"] for job in (plain, delayed, dated)]


def test_database_operations(conn: Conn) -> None:
    with Hook(conn, Note, insert_note(conn)) as hook:
        made = hook.create(Note, id=2, from_="a%", class_={"k": 1}, anything="text")
        assert hook.find(Note, 2) == made
        hook.update(Note, 2, from_="b")
        hook.update_path(Note, 2, "class.k", 5)
        hook.increment(Note, 2, "id", by=10)
        assert hook.find(Note, 12) is not None
        assert (hook.get(Note, 12).class_, hook.get(Note, 12).from_) == ({"k": 5}, "b")
        hook.create_many(Note, [{"id": 20, "from_": "x"}, {"id": 21, "from_": "y", "tags": ["q"]}])
        sql = """SELECT * FROM notes WHERE id >= %s AND "from" NOT LIKE 'z%%' ORDER BY id"""
        assert [each.id for each in hook.fetch(Note, sql, (12,))] == [12, 20, 21]
        assert hook.first(Note, sql, (20,)) == hook.get(Note, 20)
        assert hook.first(Note, sql, (50,)) is None
        assert hook.scalar(int, "SELECT count(*) FROM notes") == 4
        assert hook.scalar_or_none(int, "SELECT max(id) FROM notes WHERE id > 50") is None
        assert hook.pluck(str, 'SELECT "from" FROM notes ORDER BY id') == ["me", "b", "x", "y"]
        assert hook.pluck_rows("SELECT id, tags FROM notes WHERE id > 20") == [[21, ["q"]]]
        assert hook.pluck(int, "SELECT id FROM notes WHERE id = ANY(%s)", ([1, 20],)) == [1, 20]
        assert hook.scalar(bool, "SELECT class = %s FROM notes WHERE id = 12", ({"k": 5},))
        hook.delete(Note, 20)
        assert hook.find(Note, 20) is None
        assert hook.find(Note, None) is None
        with pytest.raises(ConduitError, match="notes has no row with id = 20"):
            hook.get(Note, 20)
        with pytest.raises(ConduitError, match="nil where the query must return a value"):
            hook.scalar(int, "SELECT max(id) FROM notes WHERE id > 50")
        with pytest.raises(RecordError, match='notes has no column "titel"'):
            hook.create(Note, titel=1)


def test_find_keeps_its_row_and_writes_keep_it_current(conn: Conn) -> None:
    with Hook(conn, Note, insert_note(conn)) as hook:
        found = hook.get(Note, 1)
        conn.execute("""UPDATE notes SET "from" = 'elsewhere'""")
        assert hook.get(Note, 1) is found
        assert found.from_ == "me"
        hook.update(Note, 1, from_="here")
        assert found.from_ == "here"


def test_writing_to_a_row_that_is_gone_is_a_warning(
    conn: Conn, caplog: pytest.LogCaptureFixture
) -> None:
    with Hook(conn, Note, insert_note(conn)) as hook:
        hook.update(Note, 77, from_="x")
    assert "Note 77 is gone" in caplog.text


def test_services_in_a_synchronous_hook(psycopg_conn: psycopg.Connection[Any]) -> None:
    async def later() -> None:
        raise AssertionError

    services = SimpleNamespace(
        mail=SimpleNamespace(now=lambda to: to.upper(), later=later, hidden=lambda: later())
    )
    row = insert_note(psycopg_conn)
    with Hook(psycopg_conn, Note, row, services=services) as hook:
        assert hook.services.mail.now("a") == "A"
        for method in ("later", "hidden"):
            with pytest.raises(ConduitError, match=f"mail.{method} is an async function"):
                getattr(hook.services.mail, method)()
        with pytest.raises(ServiceError, match='no method "gone"'):
            hook.services.mail.gone()
        with pytest.raises(ServiceError, match='"phone" is called, but the services object lacks'):
            hook.services.phone.call()
    with (
        Hook(psycopg_conn, Note, row) as bare,
        pytest.raises(ServiceError, match="no services were given"),
    ):
        bare.services.mail.now("a")


def test_an_asynchronous_hook(psycopg_conn: psycopg.Connection[Any], app_dsn: str) -> None:
    row = insert_note(psycopg_conn)
    psycopg_conn.commit()
    asyncio.run(run_asynchronous_hook(app_dsn, row))
    assert (note(psycopg_conn)["from"], len(jobs_of(psycopg_conn))) == ("sent you", 1)


async def run_asynchronous_hook(app_dsn: str, row: dict[str, Any]) -> None:
    async def send(to: str) -> str:
        return f"sent {to}"

    services = SimpleNamespace(mail=SimpleNamespace(send=send, plain=lambda: "plain"))
    async with await psycopg.AsyncConnection.connect(app_dsn) as other:
        async with AsyncHook(other, Note, row, dict(row), services=services) as hook:
            hook.record.from_ = await hook.services.mail.send("you")
            assert await hook.services.mail.plain() == "plain"
            with pytest.raises(psycopg.errors.DivisionByZero):
                async with hook.savepoint():
                    await hook.scalar(int, "SELECT 1 / 0")
            assert (await hook.get(Note, 1)).from_ == "me"
            hook.enqueue(copy, Copy("a"))
        assert hook.record.updated_at is not None


def test_ids_of_the_example_are_uuids(conn: Conn) -> None:
    row = insert_order(conn)
    order = after_create(conn, row | {"id": str(row["id"])})
    assert isinstance(order, Order)
    assert isinstance(order.id, UUID)
