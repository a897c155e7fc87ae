"""The testing kit: tests assert and run an application's jobs on Postgres, and move time.

Names are imported when they are first used, so that pytest loads nothing for tests without jobs.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .async_jobs import AsyncJobs as AsyncJobs
    from .async_spy import AsyncSpy as AsyncSpy
    from .factories import payload as payload
    from .fake_services import Fakes as Fakes
    from .fake_services import fakes as fakes
    from .jobs import Jobs as Jobs
    from .replays import assert_replays as assert_replays
    from .run.ran import JobFailed as JobFailed
    from .run.ran import Ran as Ran
    from .run.ran import Run as Run
    from .run.ran import UnhandledJobs as UnhandledJobs
    from .spy import Spy as Spy

_MODULES = {
    "async_jobs": "AsyncJobs",
    "async_spy": "AsyncSpy",
    "factories": "payload",
    "fake_services": "Fakes fakes",
    "jobs": "Jobs",
    "replays": "assert_replays",
    "run.ran": "JobFailed Ran Run UnhandledJobs",
    "spy": "Spy",
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value
