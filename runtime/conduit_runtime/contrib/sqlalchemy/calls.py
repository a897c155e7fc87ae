"""Calls the hooks of a flush on the connection of any supported driver."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from ...job_types.batches import batch


class Call(NamedTuple):
    """A hook with the rows and the named arguments that it takes."""

    hook: Callable[..., Any]
    rows: Sequence[Any]
    named: dict[str, Any]


def run_calls(connection: Connection, calls: Sequence[Call]) -> list[Any]:
    """Call the hooks in order, in the connection's transaction, and return their records.

    Several hooks share one pipeline, as in a `batch`. Raises TypeError for synchronous hooks in an
    asynchronous session, and for asynchronous hooks in a synchronous one.
    """
    dbapi: Any = connection.connection.dbapi_connection
    is_async = hasattr(dbapi, "run_async")
    for hook, _, _ in calls:
        if inspect.iscoroutinefunction(hook) != is_async:
            kinds = ("synchronous", "asynchronous")
            wanted = "async" if is_async else "sync"
            raise TypeError(
                f"the session is {kinds[is_async]}, and {hook.__module__}.{hook.__name__} is "
                f'{kinds[not is_async]}: set connection = "{wanted}" in conduit.toml and run '
                "`conduitc gen`"
            )
    if is_async:
        found: list[Any] = dbapi.run_async(lambda driver: _run_async(driver, calls))
        return found
    if len(calls) == 1:
        return _run(dbapi, calls)
    with batch(dbapi):
        return _run(dbapi, calls)


def _run(driver: Any, calls: Sequence[Call]) -> list[Any]:
    return [call.hook(driver, *call.rows, **call.named) for call in calls]


async def _run_async(driver: Any, calls: Sequence[Call]) -> list[Any]:
    if len(calls) == 1:
        return [await call.hook(driver, *call.rows, **call.named) for call in calls]
    async with batch(driver):
        return [await call.hook(driver, *call.rows, **call.named) for call in calls]
