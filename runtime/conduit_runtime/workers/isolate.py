"""Runs a coroutine inside the present task, but in a context of its own."""

from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from types import coroutine
from typing import Any

__all__ = ["isolated"]


@coroutine
def isolated(
    work: Coroutine[Any, Any, None], context: Context, on_wait: Callable[[], None]
) -> Generator[Any, Any, None]:
    """Await `work` with its context variables in `context`; `on_wait` is called if it ever waits.

    As good as a task of its own for work that does not outlive the present one, and several times
    cheaper for work that never waits.
    """
    run = context.run
    try:
        awaited = run(work.send, None)
    except StopIteration:
        return
    on_wait()
    step: Callable[[Any], Any]
    while True:
        try:
            answer = yield awaited
        except BaseException as error:
            step, value = work.throw, error
        else:
            step, value = work.send, answer
        try:
            awaited = run(step, value)
        except StopIteration:
            return
