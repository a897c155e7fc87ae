"""Django's connections in a worker, which closes them around a job as Django does around a request.

Otherwise a connection that the server has ended fails every later job of its thread. Django is
never imported here: an application that does not use it has nothing to close.
"""

import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from ..model.text.logs import get_logger

T = TypeVar("T")

_log = get_logger("conduit.worker")


def uses_django() -> bool:
    """Whether Django is loaded and configured."""
    return "django.db" in sys.modules and sys.modules["django.conf"].settings.configured


def call_plainly(function: Callable[..., Any], *arguments: object) -> Any:
    """Call a function, and close connections of this thread that broke or are old around it."""
    has_connections = uses_django()
    if has_connections:
        _close()
    try:
        return function(*arguments)
    except StopIteration as stop:  # a future cannot carry it
        name = getattr(function, "__name__", "the function")
        raise RuntimeError(f"{name} raised StopIteration") from stop
    finally:
        if has_connections:
            _close()


async def renewed_in_loop(work: Coroutine[Any, Any, T], check: Callable[[], None]) -> T:
    """Do the same for a coroutine, whose queries Django runs in a thread for all of them.

    `check` raises if the work must not start any more, now that the connections are closed.
    After one that failed or was cancelled the next job closes them: that thread may be busy.
    """
    from asgiref.sync import sync_to_async

    close = sync_to_async(_close)
    try:
        await close()
        check()
        result = await work
    finally:
        work.close()
    await close()
    return result


def _close() -> None:
    close: Callable[[], None] = sys.modules["django.db"].close_old_connections
    try:
        close()
    except Exception as error:
        _log.warning("Django could not close its old connections: %s", error)
