"""The setting CONDUIT: where the jobs are, and what a worker runs."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

OWN_KEYS = ("DATABASE", "SCHEMA", "PACKAGES")
"""Keys that are no options of the command `worker`."""


def given() -> Mapping[str, Any]:
    """The setting as the project gives it. Raises ImproperlyConfigured unless it is a dict."""
    found = getattr(settings, "CONDUIT", {})
    if not isinstance(found, Mapping):
        raise ImproperlyConfigured(f"the setting CONDUIT is {found!r}: make it a dict")
    return found


def database() -> str:
    """The alias of the database that holds the jobs."""
    alias: str = given().get("DATABASE", "default")
    return alias


def schema() -> str | None:
    """The Postgres schema of our tables; None for the search path."""
    name: str | None = given().get("SCHEMA")
    return name


def packages() -> list[str] | None:
    """The generated packages to run; None to look for them in the applications."""
    names = given().get("PACKAGES")
    return None if names is None else [*names]


def worker_defaults() -> dict[str, Any]:
    """The other keys, as defaults for the options of the command `worker`."""
    options = {key.lower(): value for key, value in given().items() if key not in OWN_KEYS}
    queues = options.get("queues")
    if isinstance(queues, Mapping):
        options["queues"] = [
            name if cap is None else f"{name}={cap}" for name, cap in queues.items()
        ]
    return options


def worker_keys() -> list[str]:
    """The keys that the command `worker` knows as options."""
    from ...cli.worker.command import worker

    ours = {"dsn", "schema", "packages", "parent"}
    return [name.upper() for each in worker.params if (name := each.name) and name not in ours]
