"""What a test finds among the jobs, and what a failed assertion says."""

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
from kit_place import Place


def enqueue(place: Place, **options: object) -> Job:
    job = Job(**{"type": "mail", "payload": {"to": "a@b.c", "tags": ["x"]}, **options})  # type: ignore[arg-type]
    place.queue.enqueue(job, conn=place.conn)
    place.done()
    return job


class TestFinding:
    def test_a_job_by_its_name_and_part_of_its_payload(self, place: Place) -> None:
        job = enqueue(place)
        enqueue(place, payload={"to": "z@b.c"})
        assert place.jobs.assert_enqueued("mail", to="a@b.c").id == job.id
        assert len(place.jobs.enqueued("mail")) == 2
        assert len(place.jobs.enqueued("mail", tags=["x"], to="a@b.c")) == 1
        place.jobs.refute_enqueued("mail", to="q@b.c")
        place.jobs.refute_enqueued("other")

    def test_a_payload_as_its_class_has_it(self, place: Place) -> None:
        given = payload(email_send, total=Decimal("12.50"), number="AB-1")
        email_send.enqueue(place.conn, given)
        place.done()
        assert place.jobs.assert_enqueued(email_send, total=Decimal("12.5"))
        assert place.jobs.assert_enqueued(email_send, total=Decimal("12.50"), number=ANY)
        assert place.jobs.assert_enqueued(email_send, customer_id=given.customer_id)
        assert place.jobs.assert_enqueued(email_send, customer_id=str(given.customer_id))
        place.jobs.refute_enqueued(email_send, customer_id=uuid4())
        place.jobs.refute_enqueued(search_index_add)

    def test_some_keys_of_a_record(self, place: Place) -> None:
        given = payload(search_index_add)
        search_index_add.enqueue(place.conn, given)
        place.done()
        place.jobs.assert_enqueued(search_index_add, order={"number": given.order.number})
        place.jobs.assert_enqueued(search_index_add, order=given.order)
        place.jobs.refute_enqueued(search_index_add, order={"number": "another"})

    def test_options(self, place: Place) -> None:
        later = datetime.now(UTC) + timedelta(hours=3)
        enqueue(place, queue="slow", priority=90, run_at=later)
        enqueue(place, delay=timedelta(minutes=5))
        assert place.jobs.assert_enqueued(queue="slow", priority=90, run_at=later)
        assert place.jobs.assert_enqueued(delay=timedelta(minutes=5), queue="default")
        place.jobs.refute_enqueued(delay=timedelta(minutes=6))
        place.jobs.refute_enqueued(priority="urgent")

    def test_a_time_without_a_zone(self, place: Place) -> None:
        with pytest.raises(ValueError, match="without a time zone"):
            place.jobs.enqueued(run_at=datetime(2026, 1, 1))

    def test_a_field_with_the_name_of_an_option(self, place: Place) -> None:
        enqueue(place, payload={"queue": "x", "count": 2})
        place.jobs.assert_enqueued("mail", payload={"queue": "x", "count": 2})
        place.jobs.refute_enqueued("mail", payload={"queue": "default"})

    def test_numbers_are_no_booleans(self, place: Place) -> None:
        enqueue(place, payload={"n": 1})
        place.jobs.refute_enqueued(n=True)
        place.jobs.assert_enqueued(n=1)

    def test_those_that_ended_only_by_status(self, place: Place) -> None:
        job = enqueue(place)
        place.queue.cancel(job.id, conn=place.conn)
        place.done()
        place.jobs.refute_enqueued("mail")
        assert place.jobs.assert_enqueued("mail", status="cancelled").id == job.id
        assert place.jobs.assert_enqueued("mail", status="any").id == job.id
        with pytest.raises(ValueError, match="status is 'gone': use blocked, pending"):
            place.jobs.enqueued(status="gone")

    def test_those_that_wait_in_a_flow(self, place: Place) -> None:
        flow = chain(Job(type="first"), Job(type="second"))
        place.queue.enqueue_flow(flow, conn=place.conn)
        place.done()
        assert [job.type for job in place.jobs.enqueued()] == ["first", "second"]
        place.jobs.assert_enqueued("second", status="blocked")
        place.jobs.refute_enqueued("first", status="blocked")

    def test_only_what_a_block_enqueued(self, place: Place) -> None:
        enqueue(place)
        with place.jobs.only() as block:
            block.refute_enqueued("mail")
            inside = enqueue(place)
            assert block.assert_enqueued("mail", count=1).id == inside.id
        enqueue(place)
        assert [job.id for job in block.enqueued()] == [inside.id]
        assert len(place.jobs.enqueued()) == 3


class TestReports:
    def test_of_the_nearest(self, place: Place) -> None:
        enqueue(place)
        enqueue(place, queue="slow", payload={"to": "z@b.c"})
        enqueue(place, type="other")
        with pytest.raises(AssertionError) as failed:
            place.jobs.assert_enqueued("mail", to="q@b.c", queue="slow")
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

    def test_without_a_job(self, place: Place) -> None:
        with pytest.raises(AssertionError, match=r"matches release\(\)\nno job is stored at all"):
            place.jobs.assert_enqueued("release")

    def test_of_another_type(self, place: Place) -> None:
        enqueue(place)
        with pytest.raises(AssertionError, match=r"enqueued instead:\n  1 × mail \(pending\)"):
            place.jobs.assert_enqueued(release)

    def test_of_a_count(self, place: Place) -> None:
        enqueue(place)
        enqueue(place)
        with pytest.raises(AssertionError, match=r"2 jobs are enqueued that match mail\(\), not 1"):
            place.jobs.assert_enqueued("mail", count=1)
        with pytest.raises(AssertionError, match=r"2 jobs are enqueued .*, not 3"):
            place.jobs.assert_enqueued("mail", count=3)
        with pytest.raises(AssertionError, match="no other job is stored"):
            place.jobs.assert_enqueued("mail", count=3)

    def test_of_one_that_ran_already(self, place: Place) -> None:
        job = enqueue(place)
        place.queue.cancel(job.id, conn=place.conn)
        place.done()
        wanted = "status: wanted blocked or pending or running, found cancelled"
        with pytest.raises(AssertionError, match=wanted):
            place.jobs.assert_enqueued("mail")

    def test_of_a_refuted_one(self, place: Place) -> None:
        enqueue(place)
        with pytest.raises(AssertionError, match=r"should not be: mail\(to='a@b.c'\)\n  mail \(p"):
            place.jobs.refute_enqueued("mail", to="a@b.c")

    def test_a_field_that_there_is_not(self, place: Place) -> None:
        with pytest.raises(TypeError, match="no field nubmer: did you mean number"):
            place.jobs.refute_enqueued(email_send, nubmer="AB-1")
        with pytest.raises(TypeError, match="it has id, number, "):
            place.jobs.refute_enqueued(email_send, xyz=1)

    def test_what_is_no_type(self, place: Place) -> None:
        with pytest.raises(TypeError, match=re.escape("EmailSend'>: use a job type or the name")):
            place.jobs.refute_enqueued(EmailSend)  # type: ignore[arg-type]


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
