"""`register`: a mapped class whose flushes call hooks."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from sqlalchemy.orm import Session

from .flush import listen
from .registration import add


def register(
    mapped: type[Any],
    module: ModuleType,
    *,
    services: object = None,
    context: Callable[[Session], object] | None = None,
) -> None:
    """Let each flush call a generated module's hooks for a mapped class and its subclasses.

    `module` is the module of the resource, such as `app.jobs.order`. Its `after_create`,
    `after_update` and `after_delete` run in the transaction of the flush, once the flush has sent
    all its statements. Then the instance has the values that the hooks and the database have set.
    Synchronous statements of hooks call `services`. `context` takes the session and returns the
    object that the hooks' `Context` reads. Do not call the hooks of a registered class by hand as
    well. Bulk statements (`session.execute(insert(…))`) call no hooks.

    Raises TypeError or RecordError if the class does not fit the module, and ValueError if the
    class is registered already.
    """
    add(mapped, module, services, context)
    listen(mapped)
