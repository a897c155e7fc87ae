"""The backend for `django.tasks`, checked against Django's contract."""

from datetime import timedelta
from typing import Any
from unittest import skipUnless
from uuid import UUID, uuid4

from asgiref.sync import async_to_sync
from conduit_runtime import PayloadError
from conduit_runtime.contrib.django import queue
from conduit_runtime.contrib.django.models import Job
from conduit_runtime.contrib.django.testing import jobs
from conduit_runtime.job_types.rules import rules_of
from conduit_runtime.model.queues.controls import SourceLimits
from depot.models import Item
from django.conf import settings
from django.core.checks import run_checks
from django.db import transaction
from django.test import TestCase, TransactionTestCase, override_settings
from django.utils import timezone

from checks.workers import drain, manage, scalar

if settings.HAS_TASKS:
    from conduit_runtime.contrib.django.tasks.api import (
        InvalidTask,
        TaskResultDoesNotExist,
        TaskResultStatus,
        signals,
        task_backends,
    )
    from conduit_runtime.contrib.django.tasks.api import Task as ApiTask
    from conduit_runtime.contrib.django.tasks.running import handler_of
    from depot import tasks

needs_tasks = skipUnless(settings.HAS_TASKS, "this Django has no tasks")
BACKEND = "conduit_runtime.contrib.django.tasks.ConduitBackend"


@needs_tasks
class Enqueueing(TestCase):
    def test_a_task_is_part_of_the_transaction(self) -> None:
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            gone = tasks.add.enqueue(1, 2)
            raise ZeroDivisionError
        with self.assertRaises(TaskResultDoesNotExist):
            tasks.add.get_result(gone.id)
        result = tasks.add.enqueue(1, b=2)
        assert result.status == TaskResultStatus.READY
        assert result.enqueued_at is not None
        assert (result.args, result.kwargs) == ([1], {"b": 2})
        job = Job.objects.get(pk=result.id)
        assert (job.type, job.queue, job.priority) == ("depot.tasks.add", "default", 50)

    def test_what_is_stored_comes_back(self) -> None:
        at = timezone.now() + timedelta(hours=1)
        task = tasks.describe.using(priority=-21, run_after=at)
        result = task.enqueue(item=7)
        stored = tasks.describe.get_result(result.id)
        assert stored.task == task
        assert (stored.id, stored.args, stored.kwargs) == (result.id, [], {"item": 7})
        assert stored.backend == "default"
        assert Job.objects.get(pk=result.id).run_at == at
        assert not stored.is_finished
        with self.assertRaisesMessage(ValueError, "not finished"):
            _ = stored.return_value

    def test_tasks_run_in_the_transaction_of_the_test(self) -> None:
        item = Item.objects.create(name="lamp")
        added, described = tasks.add.enqueue(1, b=2), tasks.describe.enqueue(item.id)
        jobs().run()
        added.refresh()
        described.refresh()
        assert added.return_value == 3
        assert described.return_value["name"] == "lamp"
        assert Item.objects.get(pk=item.pk) == item

    def test_priorities_keep_their_order(self) -> None:
        stored = []
        for priority in (-100, -51, 0, 1, 50, 99, 100):
            result = tasks.add.using(priority=priority).enqueue(1, 2)
            stored.append(Job.objects.get(pk=result.id).priority)
            assert tasks.add.get_result(result.id).task.priority == priority
        assert stored == [0, 24, 50, 50, 75, 99, 100]

    def test_a_task_has_a_key_and_a_weight(self) -> None:
        task = tasks.ship.using(key=("acme", 7), weight=3, expires=timedelta(hours=1))
        results = [task.enqueue(number) for number in range(2)]
        job = queue().get(UUID(results[0].id))
        assert job is not None
        assert (job.key, job.weight, job.expires) == ('["acme",7]', 3, timedelta(hours=1))
        assert tasks.ship.get_result(results[0].id).task == task
        jobs().run()
        for number, result in enumerate(results):
            result.refresh()
            assert result.return_value == [number, '["acme",7]', 3]
        _, options = handler_of(tasks.ship)
        assert rules_of(options).limits == SourceLimits.of(ordered=True, on_failure="hold")

    def test_what_cannot_be_enqueued_is_refused(self) -> None:
        for refused in ({"key": "x" * 201}, {"weight": 0}, {"expires": timedelta(0)}):
            with self.assertRaises(InvalidTask):
                tasks.add.using(**refused)
        with self.assertRaises(InvalidTask):
            tasks.add.using(queue_name="unknown")
        with self.assertRaises(InvalidTask):
            tasks.add.using(priority=101)
        with self.assertRaises(InvalidTask):
            tasks.add.using(run_after=timezone.now().replace(tzinfo=None))
        with self.assertRaises(TypeError):
            tasks.add.enqueue(object(), 1)
        with self.assertRaisesMessage(ValueError, "payload.args[0] is nan"):
            tasks.add.enqueue(float("nan"), 1)

        def local() -> None: ...

        with self.assertRaises(InvalidTask):
            ApiTask(func=local, priority=0, queue_name="default", backend="default", run_after=None)
        assert Job.objects.filter(type__startswith="depot.tasks").count() == 0

    def test_ids_of_other_things_are_no_results(self) -> None:
        from conduit_runtime import Job as NewJob

        job = queue().enqueue(NewJob(type="depot.note", payload={}))
        odd = queue().enqueue(NewJob(type="depot.gone", payload={"args": [], "kwargs": {}}))
        for id in (str(job.id), str(odd.id), str(uuid4()), "", "no uuid", "x" * 64):
            with self.assertRaises(TaskResultDoesNotExist):
                task_backends["default"].get_result(id)

    def test_the_signal_of_enqueueing(self) -> None:
        seen: list[Any] = []

        def receiver(sender: Any, task_result: Any, **given: Any) -> None:
            seen.append((sender, task_result))

        signals.task_enqueued.connect(receiver)
        try:
            result = tasks.add.enqueue(1, 2)
        finally:
            signals.task_enqueued.disconnect(receiver)
        assert seen == [(type(task_backends["default"]), result)]

    async def test_an_async_view_enqueues_and_reads(self) -> None:
        result = await tasks.add.aenqueue(1, 2)
        assert (await tasks.add.aget_result(result.id)).id == result.id
        await result.arefresh()

    def test_the_backend_says_what_it_supports(self) -> None:
        backend = task_backends["default"]
        names = ("defer", "async_task", "get_result", "priority")
        assert all(getattr(backend, f"supports_{name}") for name in names)

    def test_wrong_options_are_named(self) -> None:
        for options, message in (
            ({"retries": 3}, "has no 'retries'"),
            ({"max_attempts": 0}, "max_attempts is 0"),
            ({"timeout": 5}, "timeout"),
            ({"backoff": "linera"}, "linera"),
            ({"on_failure": "hold"}, "on_failure needs ordered"),
            ({"key_concurrency": 0}, "key_concurrency"),
            ({"key_concurrency": 2, "ordered": True}, "leave out key_concurrency"),
        ):
            given = {"default": {"BACKEND": BACKEND, "OPTIONS": options}}
            with override_settings(TASKS=given), self.assertRaisesMessage(Exception, message):
                _ = task_backends["default"].alias

    def test_a_check_wants_the_application(self) -> None:
        apps = [name for name in settings.INSTALLED_APPS if "contrib.django" not in name]
        assert "conduit.E008" not in {each.id for each in run_checks()}
        with override_settings(INSTALLED_APPS=apps):
            found = [*task_backends["default"].check()]
        assert [each.id for each in found] == ["conduit.E008"]


@needs_tasks
class Running(TransactionTestCase):
    def test_results_are_kept(self) -> None:
        item = Item.objects.create(name="lamp")
        added, described = tasks.add.enqueue(1, b=2), tasks.describe.enqueue(item.id)
        drain()
        added.refresh()
        async_to_sync(described.arefresh)()
        assert (added.status, added.return_value) == (TaskResultStatus.SUCCESSFUL, 3)
        assert described.return_value == {"name": "lamp", "tags": ["a", "b"]}
        assert added.is_finished
        assert added.enqueued_at <= added.started_at <= added.finished_at
        assert added.last_attempted_at == added.started_at
        assert added.attempts == len(added.worker_ids) == 1
        assert added.errors == []

    def test_plain_functions_run_in_threads(self) -> None:
        result = tasks.where.enqueue()
        drain()
        result.refresh()
        assert not result.return_value["is_main"]
        assert result.worker_ids[0].endswith(f"-{result.return_value['pid']}")

    def test_plain_functions_run_in_processes_of_their_own(self) -> None:
        added, where = tasks.add.enqueue(1, b=2), tasks.where.enqueue()
        drain("--isolated")
        added.refresh()
        where.refresh()
        assert added.return_value == 3
        assert where.worker_ids[0].endswith(f"-{where.return_value['pid']}")

    def test_a_failed_attempt_is_made_again(self) -> None:
        result = tasks.fail.enqueue(1)
        lines = self.drain_all(result)
        assert result.return_value == [result.id, 2, 1]
        assert result.attempts == 2
        (error,) = result.errors
        assert error.exception_class is LookupError
        assert "LookupError: attempt 1" in error.traceback
        assert "depot/tasks.py" in error.traceback
        assert "state=FAILED" not in lines

    def test_the_last_attempt_fails_the_task(self) -> None:
        result = tasks.fail.enqueue(9)
        lines = self.drain_all(result)
        assert result.status == TaskResultStatus.FAILED
        assert [error.exception_class for error in result.errors] == [LookupError] * 3
        with self.assertRaisesMessage(ValueError, "Task failed"):
            _ = result.return_value
        assert lines.count("state=FAILED") == 1
        assert lines.count("state=RUNNING") == 3

    def test_the_result_is_the_same_everywhere(self) -> None:
        result = tasks.report.using(priority=-20).enqueue(2)
        assert tasks.report.get_result(result.id) == result
        lines = self.drain_all(result)
        seen = result.return_value
        assert seen["priority"] == result.task.priority == -20
        assert seen["enqueued_at"] == result.enqueued_at.isoformat()
        assert seen["started_at"] == result.started_at.isoformat()
        assert result.enqueued_at <= result.started_at < result.last_attempted_at
        assert seen["errors"] == ["LookupError: attempt 1", "LookupError: attempt 2"]
        assert [error.exception_class for error in result.errors] == [LookupError] * 2
        assert seen["worker_ids"] == result.worker_ids
        assert len(result.worker_ids) == 3
        assert all(result.worker_ids)
        assert lines.count("state=SUCCESSFUL") == 1

    def test_a_task_that_leaves_has_failed(self) -> None:
        results = [task.enqueue() for task in (tasks.leave, tasks.leave_later)]
        scalar("UPDATE jobs SET max_attempts = 2 RETURNING id")
        lines = "".join(self.drain_all(result) for result in results)
        for result in results:
            assert result.status == TaskResultStatus.FAILED
            assert [error.exception_class for error in result.errors] == [SystemExit] * 2
            assert "SystemExit: leaving" in result.errors[0].traceback
        assert lines.count("state=FAILED") == 2

    def test_a_task_that_takes_too_long_has_failed(self) -> None:
        for task in (tasks.linger, tasks.linger_async):
            result = task.enqueue()
            scalar("UPDATE jobs SET timeout = 1.5, max_attempts = 1 RETURNING id")
            lines = self.drain_all(result)
            assert result.status == TaskResultStatus.FAILED
            assert [error.exception_class for error in result.errors] == [TimeoutError]
            assert "state=SUCCESSFUL" not in lines
        assert lines.count("state=FAILED") == 1

    def test_what_json_does_not_have_fails_the_task_at_once(self) -> None:
        given = ((tasks.give_object.enqueue(), TypeError), (tasks.give_nan.enqueue(), PayloadError))
        assert drain().count("state=FAILED") == 2
        for result, error in given:
            result.refresh()
            assert result.status == TaskResultStatus.FAILED
            assert result.attempts == 1
            assert result.errors[0].exception_class is error

    def test_cancelled_tasks_have_failed(self) -> None:
        result = tasks.add.enqueue(1, 2)
        queue().cancel(result.id)
        result.refresh()
        assert result.status == TaskResultStatus.FAILED

    def test_a_result_whose_time_is_over_does_not_exist(self) -> None:
        result = tasks.add.enqueue(1, 2)
        drain()
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("UPDATE conduit_results SET expires_at = now()")
        with self.assertRaises(TaskResultDoesNotExist):
            tasks.add.get_result(result.id)

    def test_tasks_beside_views_are_found(self) -> None:
        from depot.views import count_items

        result = count_items.enqueue()
        assert manage("conduit", "worker", "--drain").returncode == 0
        result.refresh()
        assert result.return_value == 0

    def test_the_queues_of_the_backend_are_served(self) -> None:
        assert "works on default, mail" in manage("conduit_worker", "--drain").stderr

    def drain_all(self, result: Any) -> str:
        """Drain until the task has finished, since retries come 10 ms later; return the logs."""
        lines = drain()
        while not result.is_finished:
            lines += drain()
            result.refresh()
        return lines
