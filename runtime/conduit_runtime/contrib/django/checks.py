"""System checks of the settings, the database and what workers run."""

import difflib
from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, Info, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from ...services.protocols import prepare, protocols_for
from ...services.service_calls import ServiceError
from . import discovery, settings


@register(Tags.compatibility)
def check_settings(**given: Any) -> list[CheckMessage]:
    """Check the setting CONDUIT and the database that it names."""
    return [*_of_keys(), *_of_database()]


def _of_keys() -> Iterator[CheckMessage]:
    try:
        keys = settings.given()
    except ImproperlyConfigured as error:
        yield Error(str(error), hint="CONDUIT = {}", id="conduit.E001")
        return
    known = [*settings.OWN_KEYS, *settings.worker_keys()]
    for key in keys:
        if key not in known:
            close = difflib.get_close_matches(str(key).upper(), known, 1)
            meant = f"Did you mean {close[0]!r}? " if close else ""
            hint = f"{meant}The keys are {', '.join(known)}."
            yield Error(f"CONDUIT has no key {key!r}.", hint=hint, id="conduit.E002")


def _of_database() -> Iterator[CheckMessage]:
    try:
        alias = settings.database()
    except ImproperlyConfigured:
        return
    if alias not in connections:
        yield Error(
            f"CONDUIT['DATABASE'] is {alias!r}, and DATABASES has no such alias.",
            hint=f"DATABASES has {', '.join(connections)}.",
            id="conduit.E003",
        )
        return
    connection = connections[alias]
    if connection.vendor != "postgresql":
        yield Error(
            f"The database {alias!r} holds the jobs and is not PostgreSQL.",
            hint="Use the engine django.db.backends.postgresql, or name another alias in "
            "CONDUIT['DATABASE'].",
            id="conduit.E004",
        )
    elif connection.Database.__name__ != "psycopg":
        yield Error(
            "Django uses psycopg2, and jobs are enqueued over psycopg 3.",
            hint="Uninstall psycopg2; Django then uses the psycopg that conduit-async brings.",
            id="conduit.E005",
        )
    if not connection.settings_dict["AUTOCOMMIT"]:
        yield Warning(
            f"AUTOCOMMIT of the database {alias!r} is off: a job exists when your code commits.",
            hint="Leave AUTOCOMMIT on, and use transaction.atomic().",
            id="conduit.W001",
        )


@register(Tags.compatibility)
def check_packages(**given: Any) -> list[CheckMessage]:
    """Check the generated packages, and the services that their jobs call."""
    try:
        settings.given()
        job_types = discovery.job_types()
        services = None if "SERVICES" in settings.given() else discovery.services()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="conduit.E006")]
    found: list[CheckMessage] = []
    if other := discovery.schemas(job_types) - {settings.schema()}:
        names = ", ".join(sorted(name or "of the search path" for name in other))
        found.append(
            Error(
                f"Generated packages enqueue into the schema {names}, and the jobs are in the "
                f"schema {settings.schema() or 'of the search path'}.",
                hint="Give `schema` of conduit.toml and CONDUIT['SCHEMA'] the same value.",
                id="conduit.E007",
            )
        )
    if "SERVICES" not in settings.given():
        found += _of_services(services, job_types)
    return found


def _of_services(services: Any, job_types: Any) -> Iterator[CheckMessage]:
    """Find services that a worker would miss, except those that it has to create or enter."""
    if services is None and protocols_for(job_types):
        yield Warning(
            "No installed application has services for the jobs: workers will not start.",
            hint="Make an object `services` in services.py of an application, or name one in "
            "CONDUIT['SERVICES'] as 'module:object'.",
            id="conduit.W002",
        )
        return
    if callable(services) or any(
        hasattr(type(services), name) for name in ("__enter__", "__aenter__")
    ):
        return
    try:
        prepare(services, job_types)
    except ServiceError as error:
        yield Warning(f"Workers will not start: {error}.", id="conduit.W003")


@register(Tags.database, deploy=True)
def check_requests(**given: Any) -> list[CheckMessage]:
    """Check that a view's rows and jobs are stored in one transaction."""
    alias = settings.database()
    if alias not in connections or connections[alias].settings_dict["ATOMIC_REQUESTS"]:
        return []
    return [
        Info(
            f"ATOMIC_REQUESTS of the database {alias!r} is off: a job that a view enqueues is "
            "stored alone, unless the view uses transaction.atomic().",
            hint="Put each row and its jobs into one transaction.atomic().",
            id="conduit.I001",
        )
    ]
