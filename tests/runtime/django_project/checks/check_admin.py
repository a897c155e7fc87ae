"""The list of jobs in the admin, over HTTP with Django's test client."""

from typing import Any

from conduit_runtime import Job
from conduit_runtime.contrib.django import queue
from conduit_runtime.contrib.django.models import Job as StoredJob
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import TestCase, override_settings
from django.test.utils import CaptureQueriesContext

LIST = "/admin/conduit/job/"


class Admin(TestCase):
    def setUp(self) -> None:
        self.user = User.objects.create_user("op", is_staff=True)
        self.allow("view_job")
        self.client.force_login(self.user)
        StoredJob.objects.all().delete()

    def allow(self, *names: str) -> None:
        self.user.user_permissions.add(*Permission.objects.filter(codename__in=names))

    def act(self, action: str, *jobs: Job, **given: str) -> str:
        chosen = [str(job.id) for job in jobs]
        response = self.client.post(
            LIST, {"action": action, "_selected_action": chosen, **given}, follow=True
        )
        assert response.status_code == 200
        return response.content.decode()

    def page(self, **given: Any) -> str:
        response = self.client.get(LIST, given)
        assert response.status_code == 200, response.headers
        return response.content.decode()

    def test_jobs_are_filtered_and_searched(self) -> None:
        first = queue().enqueue(Job(type="mail.send", queue="mail"))
        other = queue().enqueue(Job(type="depot.note"))
        queue().cancel(other.id)
        for given, wanted in (
            ({"status__exact": "pending"}, first),
            ({"queue": "mail"}, first),
            ({"type": "depot.note"}, other),
            ({"q": "mail."}, first),
            ({"q": str(other.id)}, other),
        ):
            text = self.page(**given)
            assert str(wanted.id) in text, given
            unwanted = other if wanted is first else first
            assert f"job/{unwanted.id}" not in text, given
        assert "0 jobs" in self.page(q="mail%")

    def test_the_filters_offer_what_has_run(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO conduit_metrics (seconds, starts_at, queue, type) "
                "VALUES (60, now(), 'slow', 'report.make')"
            )
        text = self.page()
        assert "?queue=slow" in text
        assert "?type=report.make" in text

    def test_payloads_are_for_those_who_may_see_them(self) -> None:
        job = queue().enqueue(Job(type="mail.send", payload={"to": "<anna@example.org>"}))
        page = f"{LIST}{job.id}/change/"
        assert "anna@" not in self.client.get(page).content.decode()
        self.allow("view_payload")
        text = self.client.get(page).content.decode()
        assert "&lt;anna@example.org&gt;" in text
        assert 'name="_save"' not in text

    def test_no_address_filters_by_payloads(self) -> None:
        queue().enqueue(Job(type="account.open", payload={"pin": "4711"}))
        for given in (
            {"payload__pin__startswith": "4"},
            {"payload__pin": "4711"},
            {"payload__contains": "{}"},
            {"errors__isnull": "0"},
        ):
            assert self.client.get(LIST, given).status_code == 400, given
        assert "1 job" in self.page(priority__lte="50")

    @override_settings(CONDUIT={"PACKAGES": ["depot.accounts"]})
    def test_sensitive_values_are_masked(self) -> None:
        self.allow("view_payload")
        job = queue().enqueue(Job(type="account.open", payload={"name": "Anna", "pin": "4711"}))
        text = self.client.get(f"{LIST}{job.id}/change/").content.decode()
        assert "Anna" in text
        assert "4711" not in text
        assert "[sensitive]" in text

    def test_tracebacks_are_shown(self) -> None:
        job = queue().enqueue(Job(type="mail.send"))
        (taken,) = queue().dequeue("by hand", types=["mail.send"])
        queue().fail(taken, ValueError("no <mailbox>"))
        text = self.client.get(f"{LIST}{job.id}/change/").content.decode()
        assert "ValueError: no &lt;mailbox&gt;" in text

    def test_actions_need_a_permission_and_are_recorded(self) -> None:
        job = queue().enqueue(Job(type="mail.send"))
        self.act("cancel", job)
        assert StoredJob.objects.get(pk=job.id).status == "pending"
        self.allow("cancel_job")
        self.user = User.objects.get(pk=self.user.pk)
        assert "1 job was cancelled." in self.act("cancel", job)
        assert StoredJob.objects.get(pk=job.id).status == "cancelled"
        assert "0 jobs were cancelled. 1 had ended or are gone." in self.act("cancel", job)
        self.allow("retry_job")
        assert "1 job was retried." in self.act("retry", job)
        assert StoredJob.objects.get(pk=job.id).status == "pending"
        assert self.client.get(f"{LIST}{job.id}/history/").content.decode().count("cancelled") == 1

    def test_an_action_on_all_jobs_of_a_filter(self) -> None:
        self.allow("cancel_job")
        jobs = queue().enqueue_many([Job(type="mail.send") for _ in range(70)])
        text = self.act("cancel", *jobs[:1], select_across="1")
        assert "70 jobs were cancelled." in text

    def test_nothing_is_added_changed_or_deleted(self) -> None:
        job = queue().enqueue(Job(type="mail.send"))
        assert self.client.get(f"{LIST}add/").status_code == 403
        assert self.client.get(f"{LIST}{job.id}/delete/").status_code == 403
        assert self.client.post(f"{LIST}{job.id}/change/", {"status": "failed"}).status_code == 403

    def test_the_list_counts_no_further_than_its_pages_lead(self) -> None:
        queue().enqueue_many([Job(type="mail.send") for _ in range(60)])
        with CaptureQueriesContext(connection) as captured:
            self.page()
        of_jobs = [each["sql"] for each in captured if 'FROM "jobs"' in each["sql"]]
        assert of_jobs
        for sql in of_jobs:
            assert "LIMIT" in sql, sql
            assert "payload" not in sql, sql
