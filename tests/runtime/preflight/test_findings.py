"""How a preflight judges the jobs in a database for the code of a package."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from conduit_runtime import Job, JobContext, Queue, Schedule, chain, job_type, table, upcast
from conduit_runtime.postgres.statement import Statement
from conduit_runtime.preflight import findings
from conduit_runtime.preflight.findings import Finding, find
from conduit_runtime.preflight.reading import snapshot
from conduit_runtime.schedules.scheduler import CronScheduler
from conduit_runtime.worker.run.handler import Handler
from conduit_runtime.worker.run.handlers import HandlerRegistry

TYPE = "ticket.after_create.email_send"
FITS, OLD = {"headline": "h"}, {"title": "t"}


@dataclass(frozen=True, slots=True)
class EmailSend:
    headline: str


@dataclass(frozen=True, slots=True)
class EmailSend_0a:  # noqa: N801 - as generated
    title: str


@table("preflight_tickets", key="id")
@dataclass
class TicketRecord:
    id: int
    headline: str


@job_type(TYPE, "f0", queue="mail", was=("ticket.after_create.mail",))
async def email_send(job: JobContext[Any], ticket: EmailSend) -> None: ...


@upcast(email_send, "0a")
def _(old: EmailSend_0a) -> EmailSend:
    return EmailSend(old.title)


def job(payload: Any, fingerprint: str | None = None, queue: str = "mail", **more: Any) -> Job:
    return Job(queue, more.pop("type", TYPE), payload, fingerprint=fingerprint, **more)


def found(queue: Queue, served: tuple[str, ...] = ("mail",), **more: Any) -> list[Finding]:
    handlers = HandlerRegistry()
    handlers.register_job_types([email_send])
    with snapshot(queue.dsn, None) as database:
        return find(database, handlers, served, **more)


def set_fingerprint(queue: Queue, fingerprint: str, *jobs: Job) -> None:
    """Change the fingerprint of stored jobs, as workers do that cannot read them."""
    with psycopg.connect(queue.dsn) as connection:
        for each in jobs:
            connection.execute(
                "UPDATE jobs SET fingerprint = %s WHERE id = %s", (fingerprint, each.id)
            )


def only(queue: Queue, **more: Any) -> Finding:
    [finding] = found(queue, **more)
    return finding


def test_an_empty_database_has_no_findings(queue: Queue) -> None:
    assert found(queue) == []


@pytest.mark.parametrize("name", [TYPE, "ticket.after_create.mail"])
@pytest.mark.parametrize(
    ("fingerprint", "payload", "reads", "message"),
    [
        ("f0", FITS, "yes", ""),
        ("", FITS, "yes", ""),
        ("0a", OLD, "upcast", f"by the upcaster in {__name__}, line "),
        ("99", FITS, "yes", "the package lacks this shape, but payloads fit"),
        ("99", OLD, "no", "is missing"),
        ("", OLD, "no", "is missing"),
        ("f0!12345678", OLD, "no", "is missing"),
        (f"99!{Handler.of_job_type(email_send).reader}", OLD, "no", "is missing"),
        (f"99!{Handler.of_job_type(email_send).reader}", FITS, "no", "`jobs retry` tries again"),
        ("99!12345678!87654321", FITS, "yes", "the package lacks this shape, but payloads fit"),
        ("0a!12345678", OLD, "upcast", f"by the upcaster in {__name__}, line "),
    ],
)
def test_whether_a_shape_is_read(
    queue: Queue, name: str, fingerprint: str, payload: Any, reads: str, message: str
) -> None:
    stored = queue.enqueue(job(payload, type=name))
    set_fingerprint(queue, fingerprint, stored)
    finding = only(queue)
    assert finding.verdict.reads == reads
    assert message in finding.message
    assert (finding.message == "") == (message == "")
    assert finding.is_stranded == (reads == "no")
    assert (finding.type, finding.queue, finding.status) == (name, "mail", "pending")
    assert finding.fingerprint == fingerprint.partition("!")[0]
    assert (finding.jobs, finding.is_more) == (1, False)
    assert 0 <= finding.oldest_seconds < 60


def test_what_is_sampled_is_the_first_and_the_last_of_each_lane(queue: Queue) -> None:
    queue.enqueue_many(job(FITS) for _ in range(50))
    assert only(queue).verdict.reads == "yes"
    queue.enqueue(job(OLD))
    finding = only(queue)
    assert finding.jobs == 51
    assert "1 of 10 payloads do not fit: " in finding.message


def test_payloads_of_many_shapes_are_read_at_once(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.enqueue_many(job(OLD if i % 2 else FITS, f"shape {i}") for i in range(120))
    reads: list[str] = []
    read = findings.Snapshot.read

    def counting(database: findings.Snapshot, statement: Statement[Any]) -> Any:
        reads.append(statement.query)
        return read(database, statement)

    monkeypatch.setattr(findings.Snapshot, "read", counting)
    stranded = {each.fingerprint for each in found(queue) if each.is_stranded}
    assert stranded == {f"shape {i}" for i in range(1, 120, 2)}
    assert reads.count("preflight/payloads") == 3


def test_unreadable_jobs_of_a_shape_are_one_finding(queue: Queue) -> None:
    for fingerprint in ("99!1", "99!2", "99!1!2"):
        set_fingerprint(queue, fingerprint, queue.enqueue(job(OLD)))
    finding = only(queue)
    assert (finding.fingerprint, finding.jobs, finding.is_stranded) == ("99", 3, True)
    assert "3 of 3 payloads do not fit: payload.headline is missing" in finding.message


def test_a_type_without_code_and_a_queue_without_workers_are_named(queue: Queue) -> None:
    queue.enqueue(job(FITS, "f0", "bulk"))
    queue.enqueue(job(FITS, type="ticket.gone"))
    served, gone = found(queue)
    assert served.verdict.reads == "yes"
    assert served.is_stranded
    assert served.message == "no worker serves the queue bulk: add --queue bulk"
    assert gone.verdict.reads == "no"
    assert gone.message == "no job type of the package has this name"
    assert not found(queue, ("mail", "bulk"))[0].is_stranded


def test_jobs_are_reported_by_status(queue: Queue) -> None:
    queue.enqueue_many(job(FITS, "f0", priority=priority) for priority in (10, 50, 50))
    queue.enqueue(job(FITS, "f0", delay=timedelta(days=2)))
    queue.enqueue_flow(chain(job(FITS, "f0", priority=0), job(OLD, "99"), job(OLD, "99")))
    assert [each.id for each in queue.dequeue("w", "mail", limit=1)]
    for payload in (OLD, FITS):  # ended jobs are not reported
        queue.complete(*queue.dequeue("w", "mail", limit=1))
        queue.enqueue(job(payload, "f0"))
    assert sorted((each.fingerprint, each.status, each.jobs) for each in found(queue)) == [
        ("99", "blocked", 2),
        ("f0", "pending", 3),
        ("f0", "running", 1),
        ("f0", "scheduled", 1),
    ]


def test_the_age_is_that_of_the_oldest(queue: Queue) -> None:
    for hours in (1, 30, 2):
        stored = queue.enqueue(job(FITS, "f0", priority=hours))
        with psycopg.connect(queue.dsn) as connection:
            connection.execute(
                "UPDATE jobs SET created_at = now() - make_interval(hours => %s) WHERE id = %s",
                (hours, stored.id),
            )
    assert 30 * 3600 <= only(queue).oldest_seconds < 31 * 3600


def test_schedules_whose_jobs_would_be_stranded_are_named(queue: Queue) -> None:
    scheduler = CronScheduler(queue)
    for name, type_, payload, enabled in (
        ("fits", TYPE, FITS, True),
        ("old", TYPE, OLD, True),
        ("gone", "ticket.gone", {}, True),
        ("off", "ticket.gone", {}, False),
    ):
        scheduler.add(
            Schedule.daily(
                "03:00", type=type_, payload=payload, name=name, queue="mail", enabled=enabled
            )
        )
    old, gone = found(queue)
    assert old.message.startswith("the schedule old: ")
    assert "is missing" in old.message
    assert gone.message == "the schedule gone: no job type of the package has this name"
    assert {(each.status, each.jobs, each.fingerprint) for each in (old, gone)} == {
        ("scheduled", 1, "")
    }
    replaced = Schedule.daily("03:00", type=TYPE, payload=FITS, name="old", queue="mail")
    assert [each.type for each in found(queue, given=[replaced])] == ["ticket.gone"]


def test_an_upcaster_says_what_it_loses_and_what_it_refuses(queue: Queue) -> None:
    def other(old: EmailSend_0a) -> EmailSend:
        return EmailSend(old.title)

    upcast(email_send, "0b", lossy={"headline": "title"})(other)
    upcast(email_send, "0c", refuses="headline was of another table")(other)
    try:
        queue.enqueue_many([job(OLD, "0b"), job(FITS, "0c")])
        lost, refused = found(queue)
    finally:
        del email_send.upcasts["0b"], email_send.upcasts["0c"]
    assert (lost.verdict.reads, lost.is_stranded) == ("lossy", False)
    assert lost.message.endswith(", without captured values: headline may be title")
    assert (refused.verdict.reads, refused.is_stranded) == ("no", True)
    assert refused.message == "headline was of another table"


def test_an_upcaster_that_reads_a_column_which_is_not_there(queue: Queue) -> None:
    async def loading(old: EmailSend_0a, job: JobContext[Any]) -> EmailSend:
        return EmailSend((await job.get(TicketRecord, 1)).headline)

    upcast(email_send, "0b")(loading)
    try:
        queue.enqueue(job(OLD, "0b"))
        reads = [found(queue)[0].verdict.reads]  # the application may have another database
        with psycopg.connect(queue.dsn) as connection:
            connection.execute("CREATE TABLE preflight_tickets (id bigint, title text)")
        [finding] = found(queue)
        with psycopg.connect(queue.dsn) as connection:
            connection.execute("ALTER TABLE preflight_tickets RENAME title TO headline")
        reads.append(found(queue)[0].verdict.reads)
    finally:
        del email_send.upcasts["0b"]
        with psycopg.connect(queue.dsn) as connection:
            connection.execute("DROP TABLE IF EXISTS preflight_tickets")
    assert (finding.verdict.reads, finding.is_stranded, reads) == ("no", True, ["upcast"] * 2)
    assert "reads preflight_tickets.headline, which the table lacks" in finding.message


def test_some_are_counted_where_all_would_take_too_long(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.enqueue_many(job(FITS, "f0") for _ in range(300))
    queue.enqueue_many(job(FITS) for _ in range(10))
    monkeypatch.setattr(findings.Snapshot, "read_within", lambda *_: None)
    few, many = sorted(found(queue, some=300), key=lambda each: each.jobs)
    assert (few.jobs, few.is_more, few.message) == (10, False, "")
    assert (many.jobs, many.is_more, many.message) == (150, True, "at least 150 jobs")


def test_a_statement_that_takes_too_long_ends_without_a_result(queue: Queue) -> None:
    def slow(seconds: float) -> Statement[str]:
        query = "SELECT pg_catalog.pg_sleep(%(seconds)s)::text"
        return Statement(query, {"seconds": seconds}, lambda rows, count: "done")

    with snapshot(queue.dsn, None) as database:
        assert database.read_within(20, slow(20.0)) is None
        assert database.read_within(20_000, slow(0.0)) == "done"
        assert database.read(slow(0.03)) == "done", "the limit holds for that statement alone"
