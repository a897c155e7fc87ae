"""The testing kit in Django's test cases: in their transaction, and on the database."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from unittest import skipUnless

from conduit_runtime import Job
from conduit_runtime.contrib.django import queue
from conduit_runtime.contrib.django.testing import jobs
from conduit_runtime.testing import JobFailed
from depot.models import Item
from django.conf import settings
from django.db import connection, transaction
from django.test import TestCase, TransactionTestCase

SERVICES = SimpleNamespace(
    texts=SimpleNamespace(upper=lambda text: f"{text.upper()} {Item.objects.count()}")
)
_seen: list[int] = []


def enqueue(type_: str) -> Item:
    item = Item.objects.create()
    queue().enqueue(Job(type=type_, payload={"id": item.id, "text": "hi"}))
    return item


class Kit:
    def setUp(self) -> None:
        self.jobs = jobs()

    def test_plain_and_coroutine_handlers_see_the_rows(self: Any) -> None:
        for type_ in ("depot.note", "depot.anote"):
            item = enqueue(type_)
            self.jobs.assert_enqueued(type_, text="hi", id=item.id, count=1)
            ran = self.jobs.run(services=SERVICES)
            assert [run.outcome for run in ran] == ["completed"]
            item.refresh_from_db()
            assert item.note.startswith("HI" if type_ == "depot.note" else "hi")

    def test_a_failure_leaves_the_connection_usable(self: Any) -> None:
        enqueue("depot.note")
        with self.assertRaisesMessage(AttributeError, "texts"):
            self.jobs.run(services=SimpleNamespace(other=1))
        assert Item.objects.count() == 1
        self.jobs.advance(hours=1)
        assert len(self.jobs.run(services=SERVICES)) == 1

    @skipUnless(settings.HAS_TASKS, "this Django has no tasks")
    def test_tasks(self: Any) -> None:
        from depot import tasks

        result = tasks.add.enqueue(1, 2)
        self.jobs.assert_enqueued("depot.tasks.add", args=[1, 2])
        assert len(self.jobs.run()) == 1
        result.refresh()
        assert result.return_value == 3

    @skipUnless(settings.HAS_TASKS, "this Django has no tasks")
    def test_exits_are_failures(self: Any) -> None:
        from depot import tasks

        for task in (tasks.leave, tasks.leave_later):
            task.enqueue()
            ran = self.jobs.run(raises=False)
            assert len(ran.failures) == len(ran) > 0
            assert {run.error for run in ran} == {"SystemExit: leaving"}
            task.enqueue()
            with self.assertRaises(JobFailed):
                self.jobs.run()

    def test_what_a_block_enqueued(self: Any) -> None:
        enqueue("depot.note")
        with self.jobs.only() as block:
            enqueue("depot.anote")
        block.refute_enqueued("depot.note")
        assert len(self.jobs.run(services=SERVICES, until=timedelta(hours=1))) == 2


class InATestCase(Kit, TestCase):
    def test_nothing_is_committed(self) -> None:
        enqueue("depot.note")
        self.jobs.run(services=SERVICES)
        assert connection.in_atomic_block


class OnTheDatabase(Kit, TransactionTestCase):
    def test_a_transaction_of_the_test_is_left_alone(self) -> None:
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            for type_ in ("depot.note", "depot.anote"):
                item = enqueue(type_)
                raw = connection.connection
                assert len(self.jobs.run(services=SERVICES)) == 1
                assert connection.connection is raw
                assert connection.in_atomic_block
                item.refresh_from_db()
                assert item.note
            raise ZeroDivisionError
        assert Item.objects.count() == 0
