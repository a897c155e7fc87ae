"""A backend for Django's tasks: `conduit_runtime.contrib.django.tasks.ConduitBackend` in TASKS.

It is for `django.tasks` of Django 6.0 and later and, in an older Django, for the package
`django-tasks`, which has the same interface.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if name != "ConduitBackend":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .backend import ConduitBackend

    return ConduitBackend
