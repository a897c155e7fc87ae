"""What a job costs: statements, round trips, rows, index entries, WAL."""

import asyncio
import math
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any, Protocol

import psycopg
import pytest
from conduit_runtime import Job, JobContext, Queue, WorkerPool, job_type
from conduit_runtime.client import sweep
from conduit_runtime.model.payload import decode, encode, written
from conduit_runtime.postgres.connection import ReconnectingConnection
from conduit_runtime.postgres.execute import run
from conduit_runtime.postgres.statement import Statement
from conduit_runtime.statements import jobs as store
from conduit_runtime.statements import outcomes as attempts
from conduit_runtime.statements.outcomes import Attempt
from conduit_runtime.worker.claim.claim_memory import ClaimMemory
from example_app import insert_order, ship
from example_jobs.order import after_create, after_update

BATCH = 500
PAYLOAD = {"to": "user@example.com", "template": "welcome", "user_id": "0192d5a05a5c7cc08b5e2f6f"}


def test_a_job_is_three_versions_of_one_row(dsn: str) -> None:
    with worker_connection(dsn) as connection:
        held = attempts.complete(claimed(connection))
        connection.execute(held.sql(), held.parameters)
        counts = connection.execute(
            "SELECT n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_xact_user_tables "
            "WHERE relname = 'jobs'"
        ).fetchall()
    assert counts == [(BATCH, 2 * BATCH, 0)]


def test_an_insert_writes_a_row_and_its_two_index_entries(dsn: str) -> None:
    with worker_connection(dsn) as connection:
        wal = explain(connection, *store.insert_jobs(jobs()))
    # A row and an entry in each of two indexes; the rest is page splits.
    assert wal["WAL Records"] <= 3.2 * BATCH
    assert wal["WAL Bytes"] - 8_192 * wal["WAL FPI"] <= 500 * BATCH


@pytest.mark.parametrize("alone", [False, True])
def test_jobs_are_inserted_in_their_order_without_a_sort(dsn: str, alone: bool) -> None:
    given = jobs()
    with worker_connection(dsn) as connection:
        plan = explain(connection, *store.insert_jobs(given, alone=alone))
        stored = connection.execute("SELECT id FROM jobs ORDER BY seq").fetchall()
    nodes = [plan["Node Type"]]
    while "Plans" in plan:
        [plan] = plan["Plans"]
        nodes.append(plan["Node Type"])
    assert nodes == ["ModifyTable", *["Subquery Scan"] * alone, "Function Scan"]
    assert [id_ for (id_,) in stored] == [job.id for job in given]


def test_a_claim_writes_a_row_and_two_index_entries(dsn: str) -> None:
    with worker_connection(dsn) as connection:
        enqueue(connection)
        wal = explain(connection, claim())
    # For each job a lock to choose it, the row, an entry for its id and one for its worker.
    assert wal["WAL Records"] <= 5 * BATCH
    assert wal["WAL Bytes"] - 8_192 * wal["WAL FPI"] <= 550 * BATCH


def test_a_completion_writes_a_row_and_one_index_entry(dsn: str) -> None:
    with worker_connection(dsn) as connection:
        held = claimed(connection)
        wal = explain(connection, attempts.complete(held))
    assert wal["WAL Records"] <= 3 * BATCH
    assert wal["WAL Bytes"] - 8_192 * wal["WAL FPI"] <= 450 * BATCH


def test_no_index_has_what_changes_while_a_job_runs(conn: psycopg.Connection[Any]) -> None:
    rows = conn.execute(
        "SELECT DISTINCT attname FROM pg_depend JOIN pg_index ON indexrelid = objid"
        " JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid"
        " WHERE classid = 'pg_class'::regclass AND refobjid = 'jobs'::regclass"
    )
    indexed = {name for (name,) in rows}
    assert {"queue", "key", "seq"} <= indexed
    # Steps, progress, a corrected weight and a written start change these: no index gets an entry.
    changed = {"attempts", "started_at", "start_written", "progress", "token", "weight"}
    assert not indexed & changed


def test_a_drain_is_a_few_statements(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 10 * BATCH
    sent: list[str] = []
    run = ReconnectingConnection.run

    async def counted(self: ReconnectingConnection, statement: Statement[Any]) -> Any:
        sent.append(statement.sql())
        return await run(self, statement)

    # All slots end at once, as on a fast machine: a slow one would claim for a few slots at a time.
    full = asyncio.Barrier(BATCH)

    async def together(context: JobContext, payload: Any) -> None:
        await full.wait()

    monkeypatch.setattr(ReconnectingConnection, "run", counted)
    with Queue(dsn) as queue:
        queue.enqueue_many([Job(type="noop") for _ in range(count)])
        pool = WorkerPool(queue, workers=BATCH)
        pool.register("noop", together)
        pool.run(drain=True)
        assert queue.stats().completed == count
    # A claim and an acknowledgement for each batch, and some for batches that are not full.
    assert len(sent) <= 2 * count / BATCH + 40


class Mailer(Protocol):
    def send(self, to: str, /, *, subject: str) -> Any: ...


class Services(Protocol):
    @property
    def mailer(self) -> Mailer: ...


@dataclass(frozen=True, slots=True)
class Mail:
    to: str


@job_type("mail", "0")
async def mail(job: JobContext[Services], mail: Mail) -> None:
    """Call a service, as generated handlers do."""
    await job.services.mailer.send(mail.to, subject="Welcome")


async def send(to: str, /, *, subject: str) -> None: ...


# Per job: read the row, make the context and the attempt, hand it on. The rest is per batch.
# Per call of a service: decode the payload to its class, ask for the services, and enter the call.
@pytest.mark.parametrize(("type", "most"), [("noop", 5), ("mail", 9)])
def test_a_job_is_few_calls_of_the_workers_python(dsn: str, type: str, most: int) -> None:
    count = 10 * BATCH
    calls: Counter[str] = Counter()

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_globals.get("__name__", "").startswith("conduit_runtime."):
            calls[frame.f_code.co_qualname] += 1

    with Queue(dsn) as queue:
        queue.enqueue_many([Job(type=type, payload={"to": "a@b.de"}) for _ in range(count)])
        services = SimpleNamespace(mailer=SimpleNamespace(send=send))
        pool = WorkerPool(queue, workers=BATCH, jobs=[mail], services=services)
        pool.register("noop", nothing)
        sys.setprofile(note)
        try:
            pool.run(drain=True)
        finally:
            sys.setprofile(None)
        assert queue.stats().completed == count
    # A slow machine claims some jobs again.
    often = {name: number // count for name, number in calls.items() if number >= count}
    assert sum(often.values()) <= most, often


@pytest.mark.slow
def test_a_claim_of_many_types_locks_few_more_than_it_takes(dsn: str) -> None:
    with worker_connection(dsn) as connection:
        many = [Job(type=f"type{n % 200}", payload=PAYLOAD) for n in range(10 * BATCH)]
        [statement] = store.insert_jobs(many)
        connection.execute(statement.sql(), statement.parameters)
        lanes = [(f"type{n}", "") for n in range(200)]
        wal = explain(connection, ClaimMemory().next("w", {"default": BATCH}, lanes, BATCH, 0.0))
    # A lock for each head that is read; for each claimed job the row and two entries.
    assert wal["WAL Records"] <= (4 + 4) * BATCH


def test_a_payload_is_encoded_once(conn: psycopg.Connection[Any]) -> None:
    order = insert_order(conn)
    calls: Counter[str] = Counter()

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code in (encode.__code__, written.__code__, decode.__code__):
            calls[frame.f_code.co_name] += 1

    sys.setprofile(note)
    try:
        mail.enqueue(conn, Mail("a@example.com"))
        after_create(conn, order)
    finally:
        sys.setprofile(None)
    [(stored,)] = conn.execute("SELECT count(*) FROM jobs").fetchall()
    assert calls == {"written": stored}


def test_an_enqueue_is_one_round_trip(dsn: str, tmp_path: Path) -> None:
    with Queue(dsn) as queue, psycopg.connect(dsn, autocommit=True) as connection:
        for many in (1, 1_000):
            with traced(connection, tmp_path) as trips:
                queue.enqueue_many([Job(type="noop") for _ in range(many)], conn=connection)
            assert trips() == 1


def test_a_hook_adds_one_round_trip(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    before = insert_order(conn)
    with traced(conn, tmp_path) as trips:
        after_create(conn, before)
    assert trips() == 1
    after = ship(conn, before)
    with traced(conn, tmp_path) as trips:
        after_update(conn, after, before)
    # The UPDATE and its jobs take one round trip; the source itself reads rows twice.
    reads = 2
    assert trips() <= 1 + reads


@pytest.mark.slow
@pytest.mark.parametrize("dead", [None, "noop", "batched"])
@pytest.mark.parametrize("types", ["noop", "batched", "noop batched"])
def test_an_idle_worker_asks_little(
    dsn: str, types: str, dead: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    run = ReconnectingConnection.run

    async def counted(self: ReconnectingConnection, statement: Statement[Any]) -> Any:
        sent.append(statement.sql())
        return await run(self, statement)

    # Beside dead entries it looks back: two policies, each once a second and narrowly in between.
    allowed, windows = (10, 1) if dead else (1, 6)  # a second; a busy machine is late

    async def idle(queue: Queue) -> float:
        pool = WorkerPool(queue)
        if "noop" in types:
            pool.register("noop", nothing)
        if "batched" in types:
            pool.batch_handler("batched", size=100)(nothing)
        async with pool:
            for _ in range(3):  # it learns what scans cost
                await asyncio.to_thread(
                    queue.enqueue_many, [Job(type=type) for type in types.split()]
                )
                await asyncio.sleep(0.5)
            await asyncio.sleep(1.0)  # the worker finds that there are no jobs
            least = math.inf
            for _ in range(windows):
                started, before = time.monotonic(), len(sent)
                await asyncio.sleep(4.0)
                least = min(least, (len(sent) - before) / (time.monotonic() - started))
                if least <= allowed:
                    break
            return least

    monkeypatch.setattr(ReconnectingConnection, "run", counted)
    with Queue(dsn) as queue, dead_entries(dsn, dead):
        assert asyncio.run(idle(queue)) <= allowed


@contextmanager
def dead_entries(dsn: str, type: str | None) -> Iterator[None]:
    """Hold a snapshot that keeps the index entries of many jobs of a type that have ended."""
    with psycopg.connect(dsn) as holder, psycopg.connect(dsn, autocommit=True) as connection:
        if type is not None:
            holder.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            holder.execute("SELECT count(*) FROM jobs")
            connection.execute("SET session_replication_role = replica")
            connection.execute(
                "INSERT INTO jobs (type) SELECT %s FROM generate_series(1, 50_000)", (type,)
            )
            connection.execute("UPDATE jobs SET status = 'completed'")
        yield
        holder.rollback()


def test_a_sweep_takes_one_statement(dsn: str) -> None:
    sent: list[str] = []

    def counted(statement: Statement[Any]) -> Any:
        sent.append(statement.sql())
        return run(connection, statement)

    sweeping = sweep.Sweeper(lambda jobs: None)
    with psycopg.connect(dsn, autocommit=True) as connection:
        for _ in range(10):
            sweeping.step(counted)
    # Keys, results, dependencies, failure notices and steps take turns.
    assert [sent.count(statement) for statement in sent] == [2] * 10


@contextmanager
def traced(connection: psycopg.Connection[Any], folder: Path) -> Iterator[Callable[[], int]]:
    """Count the round trips of a block: how often the client awaited a response."""
    protocol = folder / "protocol"
    with protocol.open("w") as file:
        connection.pgconn.trace(file.fileno())
        yield lambda: len(re.findall(r"\tF\t\d+\t(?:Sync|Query)\b", protocol.read_text()))
        connection.pgconn.untrace()


async def nothing(context: Any, payload: Any) -> None:
    """Do nothing."""


def jobs() -> list[Job]:
    return [Job(type="noop", payload=PAYLOAD) for _ in range(BATCH)]


def worker_connection(dsn: str) -> psycopg.Connection[Any]:
    connection = psycopg.connect(dsn)
    connection.execute("INSERT INTO conduit_workers VALUES ('w', 0, 0, 'w', 0, '{}', '[]')")
    return connection


def enqueue(connection: psycopg.Connection[Any]) -> None:
    [statement] = store.insert_jobs(jobs())
    connection.execute(statement.sql(), statement.parameters)


def claim() -> Statement[Any]:
    return ClaimMemory().next("w", {"default": BATCH}, [("noop", "")], BATCH, 0.0)


def claimed(connection: psycopg.Connection[Any]) -> list[Attempt]:
    enqueue(connection)
    statement = claim()
    rows = connection.execute(statement.sql(), statement.parameters).fetchall()
    assert len(rows) == BATCH
    return [Attempt(Job(id=row[0], token=statement.parameters["token"]), 0.001) for row in rows]


def explain(connection: psycopg.Connection[Any], statement: Statement[Any]) -> dict[str, Any]:
    """Run a statement; return its plan with what it wrote to the WAL."""
    sql = f"EXPLAIN (ANALYZE, WAL, TIMING OFF, FORMAT JSON) {statement.sql()}"
    [(explained,)] = connection.execute(sql, statement.parameters).fetchall()
    plan: dict[str, Any] = explained[0]["Plan"]
    return plan
