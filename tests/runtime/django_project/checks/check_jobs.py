"""Enqueueing in Django's transactions, and workers with the options of `conduit-jobs worker`."""

import json
import re

from conduit_runtime import Job
from conduit_runtime.contrib.django import queue
from conduit_runtime.contrib.django.models import Job as StoredJob
from depot.models import Item
from django.core.management import CommandError, call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.test import LiveServerTestCase, TestCase, TransactionTestCase

from checks.workers import drain, manage, scalar, start


class InATestCase(TestCase):
    def test_the_tables_are_there_and_jobs_are_rolled_back(self) -> None:
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            queue().enqueue(Job(type="depot.note"))
            raise ZeroDivisionError
        assert not StoredJob.objects.filter(type="depot.note").exists()
        stored = queue().enqueue(Job(type="depot.note", payload={"id": 1}))
        assert StoredJob.objects.get(pk=stored.id).payload == {"id": 1}

    def test_a_transaction_that_has_failed_takes_no_job(self) -> None:
        item = Item.objects.create(name="lamp")
        with transaction.atomic():
            with self.assertRaises(IntegrityError):
                Item.objects.create(id=item.id, name="other")
            with self.assertRaises(TransactionManagementError):
                queue().enqueue(Job(type="depot.note"))
            transaction.set_rollback(True)

    def test_errors_are_those_of_django(self) -> None:
        with self.assertRaises(ProgrammingError), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE jobs RENAME TO away")
            queue().enqueue(Job(type="depot.note"))

    def test_the_view_stores_the_row_and_its_job(self) -> None:
        item = int(self.client.get("/items/", {"name": "lamp"}).content)
        (job,) = StoredJob.objects.filter(type="depot.note")
        assert job.payload == {"id": item, "text": "lamp"}

    def test_jobs_can_be_made_as_rows(self) -> None:
        job = StoredJob.objects.create(type="depot.note", payload={})
        job.refresh_from_db()
        assert job.status == "pending"
        assert job.created_at == job.run_at


class WithWorkers(TransactionTestCase):
    def test_handlers_run_with_their_services(self) -> None:
        first, second = Item.objects.create(name="a"), Item.objects.create(name="b")
        queue().enqueue(Job(type="depot.note", payload={"id": first.id, "text": "sold"}))
        queue().enqueue(Job(type="depot.anote", payload={"id": second.id, "text": "new"}))
        lines = drain("--concurrency", "3")
        assert re.search(r"INFO worker \S+ works on default", lines), lines
        notes = Item.objects.order_by("id").values_list("note", flat=True)
        assert list(notes) == ["SOLD", "new"]

    def test_handlers_run_in_processes_of_their_own(self) -> None:
        items = [Item.objects.create(name=name) for name in "abc"]
        queue().enqueue(Job(type="depot.note", payload={"id": items[0].id, "text": "sold"}))
        for item in items[1:]:
            queue().enqueue(Job(type="depot.anote", payload={"id": item.id, "text": "new"}))
        drain("--isolated", run=start, DEPOT_SHARES="yes")
        notes = Item.objects.order_by("id").values_list("note", flat=True)
        assert list(notes) == ["SOLD", "new", "new"]

    def test_the_worker_ends_without_waiting_for_threads(self) -> None:
        item = Item.objects.create(name="a")
        queue().enqueue(Job(type="depot.anote", payload={"id": item.id, "text": "new"}))
        assert "still runs" not in drain(run=start)

    def test_several_processes_run_as_one_command(self) -> None:
        items = [Item.objects.create(name=str(number)) for number in range(4)]
        for item in items:
            queue().enqueue(Job(type="depot.note", payload={"id": item.id, "text": "x"}))
        lines = drain("--processes", "2", run=start)
        assert lines.count(" works on ") == 2, lines
        assert Item.objects.filter(note="X").count() == 4

    def test_settings_are_defaults_of_the_options(self) -> None:
        given = {"QUEUES": {"mail": 2, "slow": None}, "CONCURRENCY": 3}
        assert "works on mail, slow" in drain(CONDUIT=json.dumps(given))
        assert "works on other" in drain("--queue", "other", CONDUIT=json.dumps(given))

    def test_a_missing_service_of_a_package_is_named(self) -> None:
        given = {"PACKAGES": ["example_jobs"]}
        done = manage("conduit_worker", "--drain", CONDUIT=json.dumps(given))
        assert done.returncode == 1
        assert "Error: the services object lacks" in done.stderr
        assert "conduit.W003" in done.stderr
        assert "Traceback" not in done.stderr

    def test_other_commands_are_passed_through(self) -> None:
        job = queue().enqueue(Job(type="depot.note"))
        done = manage("conduit", "jobs", "list", "--format", "json", "--settings", "project")
        assert [each["id"] for each in json.loads(done.stdout)] == [str(job.id)]
        call_command("conduit", "jobs", "cancel", str(job.id))
        assert StoredJob.objects.get(pk=job.id).status == "cancelled"
        with self.assertRaises(CommandError):
            call_command("conduit", "jobs", "cancel", str(job.id))
        with self.assertRaisesMessage(CommandError, "No such command"):
            call_command("conduit", "joobs")
        assert manage("conduit", "joobs").returncode == 2
        assert "--concurrency" in manage("conduit_worker", "--help").stdout

    def test_flush_empties_the_jobs(self) -> None:
        queue().enqueue(Job(type="depot.note"))
        call_command("flush", interactive=False, verbosity=0)
        assert queue().list() == []


class OverHttp(LiveServerTestCase):
    def test_a_request_and_its_job(self) -> None:
        import urllib.error
        import urllib.request

        address = f"{self.live_server_url}/items/?name=lamp"
        with urllib.request.urlopen(address) as response:
            item = int(response.read())
        with self.assertRaises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{address}&fail=1")
        drain()
        assert list(Item.objects.values_list("id", "note")) == [(item, "LAMP")]
        assert scalar("SELECT count(*) FROM jobs WHERE type = 'depot.note'") == 1
