"""How a test finds jobs, and the messages of failed assertions."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from unittest.mock import ANY
from uuid import uuid4

import psycopg
import pytest
from conduit_runtime import Job, chain
from conduit_runtime.testing import Jobs, payload
from example_jobs.order import EmailSend, email_send, release, search_index_add
from kit import Kit


def enqueue(kit: Kit, **options: object) -> Job:
    job = Job(**{"type": "mail", "payload": {"to": "a@b.c", "tags": ["x"]}, **options})  # type: ignore[arg-type]
    kit.queue.enqueue(job, conn=kit.conn)
    kit.done()
    return job


class TestFinding:
    def test_a_job_by_its_name_and_part_of_its_payload(self, kit: Kit) -> None:
        job = enqueue(kit)
        enqueue(kit, payload={"to": "z@b.c"})
        assert kit.jobs.assert_enqueued("mail", to="a@b.c").id == job.id
        assert len(kit.jobs.enqueued("mail")) == 2
        assert len(kit.jobs.enqueued("mail", tags=["x"], to="a@b.c")) == 1
        kit.jobs.refute_enqueued("mail", to="q@b.c")
        kit.jobs.refute_enqueued("other")

    def test_a_payload_as_its_class_has_it(self, kit: Kit) -> None:
        given = payload(email_send, total=Decimal("12.50"), number="AB-1")
        email_send.enqueue(kit.conn, given)
        kit.done()
        assert kit.jobs.assert_enqueued(email_send, total=Decimal("12.5"))
        assert kit.jobs.assert_enqueued(email_send, total=Decimal("12.50"), number=ANY)
        assert kit.jobs.assert_enqueued(email_send, customer_id=given.customer_id)
        assert kit.jobs.assert_enqueued(email_send, customer_id=str(given.customer_id))
        kit.jobs.refute_enqueued(email_send, customer_id=uuid4())
        kit.jobs.refute_enqueued(search_index_add)

    def test_some_keys_of_a_record(self, kit: Kit) -> None:
        given = payload(search_index_add)
        search_index_add.enqueue(kit.conn, given)
        kit.done()
        kit.jobs.assert_enqueued(search_index_add, order={"number": given.order.number})
        kit.jobs.assert_enqueued(search_index_add, order=given.order)
        kit.jobs.refute_enqueued(search_index_add, order={"number": "another"})

    def test_options(self, kit: Kit) -> None:
        later = datetime.now(UTC) + timedelta(hours=3)
        enqueue(kit, queue="slow", priority=90, run_at=later)
        enqueue(kit, delay=timedelta(minutes=5), key=("acme", 7))
        assert kit.jobs.assert_enqueued(key=("acme", 7))
        kit.jobs.refute_enqueued(key="acme")
        assert kit.jobs.assert_enqueued(queue="slow", priority=90, run_at=later)
        assert kit.jobs.assert_enqueued(delay=timedelta(minutes=5), queue="default")
        kit.jobs.refute_enqueued(delay=timedelta(minutes=6))
        kit.jobs.refute_enqueued(priority="urgent")

    def test_a_time_without_a_zone(self, kit: Kit) -> None:
        with pytest.raises(ValueError, match="without a time zone"):
            kit.jobs.enqueued(run_at=datetime(2026, 1, 1))

    def test_a_field_with_the_name_of_an_option(self, kit: Kit) -> None:
        enqueue(kit, payload={"queue": "x", "count": 2})
        kit.jobs.assert_enqueued("mail", payload={"queue": "x", "count": 2})
        kit.jobs.refute_enqueued("mail", payload={"queue": "default"})

    def test_numbers_are_no_booleans(self, kit: Kit) -> None:
        enqueue(kit, payload={"n": 1})
        kit.jobs.refute_enqueued(n=True)
        kit.jobs.assert_enqueued(n=1)

    def test_those_that_ended_only_by_status(self, kit: Kit) -> None:
        job = enqueue(kit)
        kit.queue.cancel(job.id, conn=kit.conn)
        kit.done()
        kit.jobs.refute_enqueued("mail")
        assert kit.jobs.assert_enqueued("mail", status="cancelled").id == job.id
        assert kit.jobs.assert_enqueued("mail", status="any").id == job.id
        with pytest.raises(ValueError, match="status is 'gone': use blocked, pending"):
            kit.jobs.enqueued(status="gone")

    def test_those_that_wait_in_a_flow(self, kit: Kit) -> None:
        flow = chain(Job(type="first"), Job(type="second"))
        kit.queue.enqueue_flow(flow, conn=kit.conn)
        kit.done()
        assert [job.type for job in kit.jobs.enqueued()] == ["first", "second"]
        kit.jobs.assert_enqueued("second", status="blocked")
        kit.jobs.refute_enqueued("first", status="blocked")

    def test_only_what_a_block_enqueued(self, kit: Kit) -> None:
        enqueue(kit)
        with kit.jobs.only() as block:
            block.refute_enqueued("mail")
            inside = enqueue(kit)
            assert block.assert_enqueued("mail", count=1).id == inside.id
        enqueue(kit)
        assert [job.id for job in block.enqueued()] == [inside.id]
        assert len(kit.jobs.enqueued()) == 3


class TestReports:
    def test_of_the_nearest(self, kit: Kit) -> None:
        enqueue(kit)
        enqueue(kit, queue="slow", payload={"to": "z@b.c"})
        enqueue(kit, type="other")
        with pytest.raises(AssertionError) as failed:
            kit.jobs.assert_enqueued("mail", to="q@b.c", queue="slow")
        assert str(failed.value) == (
            "no job is enqueued that matches mail(to='q@b.c', queue=slow)\n"
            "the nearest:\n"
            "  mail (pending, queue slow, priority 50) {'to': 'z@b.c'}\n"
            "    to: wanted 'q@b.c', found 'z@b.c'\n"
            "  mail (pending, queue default, priority 50) {'to': 'a@b.c', 'tags': ['x']}\n"
            "    queue: wanted slow, found default\n"
            "    to: wanted 'q@b.c', found 'a@b.c'\n"
            "others:\n"
            "  1 × other (pending)"
        )

    def test_without_a_job(self, kit: Kit) -> None:
        with pytest.raises(AssertionError, match=r"matches release\(\)\nno job is stored at all"):
            kit.jobs.assert_enqueued("release")

    def test_of_another_type(self, kit: Kit) -> None:
        enqueue(kit)
        with pytest.raises(AssertionError, match=r"enqueued instead:\n  1 × mail \(pending\)"):
            kit.jobs.assert_enqueued(release)

    def test_of_a_count(self, kit: Kit) -> None:
        enqueue(kit)
        enqueue(kit)
        with pytest.raises(AssertionError, match=r"2 jobs are enqueued that match mail\(\), not 1"):
            kit.jobs.assert_enqueued("mail", count=1)
        with pytest.raises(AssertionError, match=r"2 jobs are enqueued .*, not 3"):
            kit.jobs.assert_enqueued("mail", count=3)
        with pytest.raises(AssertionError, match="no other job is stored"):
            kit.jobs.assert_enqueued("mail", count=3)

    def test_of_one_that_ran_already(self, kit: Kit) -> None:
        job = enqueue(kit)
        kit.queue.cancel(job.id, conn=kit.conn)
        kit.done()
        wanted = "status: wanted blocked or pending or running, found cancelled"
        with pytest.raises(AssertionError, match=wanted):
            kit.jobs.assert_enqueued("mail")

    def test_of_a_refuted_one(self, kit: Kit) -> None:
        enqueue(kit)
        with pytest.raises(AssertionError, match=r"should not be: mail\(to='a@b.c'\)\n  mail \(p"):
            kit.jobs.refute_enqueued("mail", to="a@b.c")

    def test_a_field_that_there_is_not(self, kit: Kit) -> None:
        with pytest.raises(TypeError, match="no field nubmer: did you mean number"):
            kit.jobs.refute_enqueued(email_send, nubmer="AB-1")
        with pytest.raises(TypeError, match="it has id, number, "):
            kit.jobs.refute_enqueued(email_send, xyz=1)

    def test_what_is_no_type(self, kit: Kit) -> None:
        with pytest.raises(TypeError, match=re.escape("EmailSend'>: use a job type or the name")):
            kit.jobs.refute_enqueued(EmailSend)  # type: ignore[arg-type]


def test_another_driver_is_refused(dsn: str) -> None:
    with pytest.raises(TypeError, match="of Jobs is an object, not a psycopg Connection"):
        Jobs(object())  # type: ignore[arg-type]


def test_the_schema_of_the_tables(empty_dsn: str) -> None:
    from conduit_runtime import Queue, migrate

    migrate(empty_dsn, "queue")
    with Queue(empty_dsn, "queue") as queue:
        queue.enqueue(Job(type="mail"))
    Jobs(empty_dsn, "queue").assert_enqueued("mail")
    with pytest.raises(psycopg.errors.UndefinedTable):
        Jobs(empty_dsn).enqueued()
