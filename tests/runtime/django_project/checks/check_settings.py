"""The setting CONDUIT, the checks of it, and the tables in other databases and schemas."""

import json
import os
from io import StringIO

from conduit_runtime.contrib.django import checks, jobs_database
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connections
from django.db.migrations.exceptions import IrreversibleError
from django.test import SimpleTestCase, TestCase, TransactionTestCase, override_settings

from checks.workers import manage, scalar


class Checks(SimpleTestCase):
    databases = ("default",)

    def ids(self, **conduit: object) -> list[str]:
        with override_settings(CONDUIT=conduit):
            return [each.id for each in [*checks.check_settings(), *checks.check_packages()]]

    def test_a_project_as_it_should_be(self) -> None:
        assert self.ids() == []
        assert self.ids(QUEUES=["a"], CONCURRENCY=3, ON_FAILED="depot.jobs:note") == []

    def test_mistakes_are_named(self) -> None:
        assert self.ids(QUEUS=["a"]) == ["conduit.E002"]
        with override_settings(CONDUIT={"queues": ["a"]}):
            (found,) = checks.check_settings()
        assert "Did you mean 'QUEUES'?" in found.hint
        assert self.ids(DATABASE="orders") == ["conduit.E003"]
        assert self.ids(PACKAGES=["example_job"]) == ["conduit.E006"]
        assert self.ids(PACKAGES=["depot"]) == ["conduit.E006"]
        assert self.ids(PACKAGES=["example_jobs"]) == ["conduit.W003"]
        assert self.ids(PACKAGES=["example_jobs"], SCHEMA="other")[0] == "conduit.E007"
        with override_settings(CONDUIT=["queues"]):
            ids = {each.id for each in [*checks.check_settings(), *checks.check_packages()]}
        assert ids == {"conduit.E001", "conduit.E006"}

    def test_the_check_for_deploying(self) -> None:
        assert [each.id for each in checks.check_requests()] == ["conduit.I001"]
        connection = connections["default"]
        connection.settings_dict["ATOMIC_REQUESTS"] = True
        try:
            assert checks.check_requests() == []
        finally:
            connection.settings_dict["ATOMIC_REQUESTS"] = False

    def test_every_command_says_what_is_wrong_without_a_traceback(self) -> None:
        done = manage("conduit_worker", "--drain", CONDUIT=json.dumps({"SERVICE": "x:y"}))
        assert done.returncode == 1
        assert "conduit.E002" in done.stderr
        assert "Traceback" not in done.stderr


class Tables(TestCase):
    def test_no_migration_is_missing(self) -> None:
        call_command("makemigrations", "--check", "--dry-run", verbosity=0)
        done = manage("makemigrations", "--check", "--dry-run", CONDUIT='{"SCHEMA": "work"}')
        assert done.returncode == 0, done.stdout

    def test_the_sql_can_be_read(self) -> None:
        out = StringIO()
        call_command("sqlmigrate", "conduit", "0001", stdout=out)
        assert "CREATE TABLE jobs" in out.getvalue()

    def test_the_connection_string_holds_what_the_settings_say(self) -> None:
        options = {"sslmode": "prefer", "assume_role": "a b", "options": "-c work_mem=8MB"}
        with override_settings():
            connection = connections["default"]
            before = connection.settings_dict["OPTIONS"]
            connection.settings_dict["OPTIONS"] = options
            try:
                found = jobs_database.dsn()
            finally:
                connection.settings_dict["OPTIONS"] = before
        assert "sslmode=prefer" in found
        assert r"-c work_mem=8MB -c role=a\\ b" in found
        assert "client_encoding=UTF8" in found

    def test_a_wrong_setting_is_an_error_of_django(self) -> None:
        with override_settings(CONDUIT=3), self.assertRaises(ImproperlyConfigured):
            jobs_database.dsn()


class Migrating(TransactionTestCase):
    def test_it_may_run_beside_the_other_command(self) -> None:
        assert manage("conduit", "migrate").stdout == "the database is up to date\n"
        done = manage("migrate", "conduit")
        assert "No migrations to apply" in done.stdout, done.stderr
        call_command("migrate", "conduit", "zero", fake=True, verbosity=0)
        call_command("migrate", "conduit", verbosity=0)  # the tables are there already

    def test_jobs_are_not_dropped(self) -> None:
        call_command("migrate", "depot", "zero", fake=True, verbosity=0)
        try:
            with self.assertRaisesMessage(IrreversibleError, "drop them by hand"):
                call_command("migrate", "conduit", "zero", verbosity=0)
        finally:
            call_command("migrate", "conduit", fake=True, verbosity=0)
            call_command("migrate", "depot", fake=True, verbosity=0)
        assert scalar("SELECT to_regclass('jobs')") is not None

    def test_without_migrations_and_in_a_schema(self) -> None:
        for test, conduit in (({"MIGRATE": False}, {}), ({}, {"SCHEMA": "my work"})):
            done = manage(
                *("test", "--noinput", "checks.check_jobs.InATestCase"),
                TEST=json.dumps(test | {"NAME": f"other_{os.getpid()}"}),
                CONDUIT=json.dumps(conduit),
            )
            assert done.returncode == 0, done.stderr
