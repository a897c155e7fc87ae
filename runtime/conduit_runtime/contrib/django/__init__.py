"""Jobs in a Django application: `conduit_runtime.contrib.django` in INSTALLED_APPS.

Names are imported at their first use, so that settings may name the application.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .handlers import handler as handler
    from .jobs_database import queue as queue

__all__ = ["handler", "queue"]

_MODULE_OF = {"handler": "handlers", "queue": "jobs_database"}


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{module}", __name__), name)
