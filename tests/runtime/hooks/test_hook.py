import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from conduit_runtime import (
    AsyncHook,
    ConduitError,
    JobContext,
    NoTransaction,
    PayloadError,
    RecordError,
    ServiceError,
    job_type,
    named,
    table,
)
from example_app import insert_order, jobs_of, rows, ship
from example_jobs.order import Order
from hook_drivers import (
    DIVISION_BY_ZERO,
    UNDEFINED_TABLE,
    Conn,
    Hook,
    after_create,
    after_update,
    batch,
)
from psycopg.rows import namedtuple_row, scalar_row


@table("notes", key="id", auto_update=("updated_at",))
@named(from_="from", class_="class")
@dataclass(slots=True)
class Note:
    id: int
    from_: str
    class_: dict[str, int]
    tags: list[str]
    anything: Any
    updated_at: datetime | None


@named(from_="from")
@dataclass(frozen=True, slots=True)
class Copy:
    from_: Any


@job_type("note.after_create.copy", "00000001", queue="notes", priority="urgent", max_attempts=7)
async def copy(job: JobContext[Any], payload: Copy) -> None:
    raise NotImplementedError


def insert_note(conn: Conn, id: int = 1) -> dict[str, Any]:
    return rows(conn, """INSERT INTO notes (id, "from") VALUES (%s, 'me') RETURNING *""", (id,))[0]


def note(conn: Conn, id: int = 1) -> dict[str, Any]:
    return rows(conn, "SELECT * FROM notes WHERE id = %s", (id,))[0]


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


def test_a_missing_row_is_an_error(conn: Conn) -> None:
    row = insert_note(conn) | {"id": 99}
    with pytest.raises(RecordError, match="notes has no row with id = 99"):  # noqa: SIM117
        with Hook(conn, Note, row) as hook:
            hook.record.from_ = "you"


def test_records_may_be_objects_and_structs_json_text(conn: Conn) -> None:
    row = insert_order(conn)
    for address in (
        {"street": "s", "country": "FR", "further": 1},
        '{"street": "s", "country": "FR"}',
        SimpleNamespace(street="s", country="FR"),
    ):
        order = after_create(conn, SimpleNamespace(**row | {"address": address}))
        assert (order.address.street, order.address.country) == ("s", "FR")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"total": ...}, r'Order was given without its column "total".*RETURNING \*'),
        ({"total": "many"}, r"Order\.total: expected a decimal, got str"),
        ({"note": 5}, r"Order\.note: expected a string, got int"),
        ({"address": {"street": "s"}}, r"Order\.address\.country: is missing"),
        ({"address": None}, r"Order\.address: expected an object, got nil"),
    ],
)
def test_a_record_that_does_not_fit_names_its_column(
    conn: Conn, change: dict[str, Any], message: str
) -> None:
    row = {k: v for k, v in (insert_order(conn) | change).items() if v is not ...}
    with pytest.raises(RecordError, match=message):
        after_create(conn, row)


def test_a_tuple_is_no_record(conn: Conn) -> None:
    with pytest.raises(RecordError, match="dict_row"):
        after_create(conn, (uuid4(), "AB-1"))


def test_a_create_hook_has_no_previous_row(conn: Conn) -> None:
    with Hook(conn, Note, insert_note(conn)) as hook, pytest.raises(RecordError, match="previous"):
        _ = hook.previous


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


def test_a_database_without_our_tables_says_what_to_do(conn: Conn) -> None:
    row = insert_note(conn)
    conn.execute("ALTER TABLE jobs RENAME TO other")
    with pytest.raises(UNDEFINED_TABLE) as caught, Hook(conn, Note, row) as hook:
        hook.enqueue(copy, Copy(1))
    assert "conduit-jobs migrate" in caught.value.__notes__[0]


def test_ids_of_the_example_are_uuids(conn: Conn) -> None:
    row = insert_order(conn)
    order = after_create(conn, row | {"id": str(row["id"])})
    assert isinstance(order, Order)
    assert isinstance(order.id, UUID)
