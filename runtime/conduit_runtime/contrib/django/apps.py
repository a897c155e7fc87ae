"""The application as Django loads it."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import pre_migrate


class ConduitConfig(AppConfig):
    """Tables, checks, commands and the admin's list of jobs."""

    name = "conduit_runtime.contrib.django"
    label = "conduit"
    verbose_name = "Jobs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks, and make the tables where migrations are turned off."""
        from . import checks  # noqa: F401

        pre_migrate.connect(_create_tables, sender=self)


def _create_tables(using: str, **given: Any) -> None:
    """Make the tables where migrations are turned off: Django would make others."""
    from .jobs_database import create_tables, is_ours

    modules = settings.MIGRATION_MODULES
    if "conduit" in modules and modules["conduit"] is None and is_ours(using):
        create_tables()
