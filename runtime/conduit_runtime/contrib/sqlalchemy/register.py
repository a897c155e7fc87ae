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
    """Have a flush call the hooks of a generated module for a mapped class and its subclasses.

    `module` is that of the resource, such as `app.jobs.order`. Its `after_create`, `after_update`
    and `after_delete` run once the flush has sent all its statements, in its transaction; then the
    instance shows what they and the database have set. `services` is what synchronous statements of
    hooks call; `context` makes of the session what their `Context` reads. Do not call the hooks of
    a registered class by hand as well. Bulk statements (`session.execute(insert(…))`) call none.

    Raises TypeError or RecordError for a class and a module that do not fit, ValueError for a class
    that is registered already.
    """
    add(mapped, module, services, context)
    listen(mapped)
