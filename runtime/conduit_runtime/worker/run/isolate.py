"""Runs a coroutine inside the present task, but in a context of its own."""

from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")


@coroutine
def resumed(work: Coroutine[Any, Any, T], context: Context, awaited: Any) -> Generator[Any, Any, T]:
    """Await the rest of `work`, begun by `context.run(work.send, None)`, which gave `awaited`.

    As good as a task of its own for work that does not outlive the present one; and for work that
    ended at once, by StopIteration, there was nothing to make.
    """
    run = context.run
    step: Callable[[Any], Any]
    while True:
        try:
            given = yield awaited
        except BaseException as error:
            step, value = work.throw, error
        else:
            step, value = work.send, given
        try:
            awaited = run(step, value)
        except StopIteration as end:
            result: T = end.value
            return result
