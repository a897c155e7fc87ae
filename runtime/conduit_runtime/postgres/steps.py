"""Operations of several statements, written once for synchronous and asynchronous code.

Such an operation is a generator. It yields statements, receives their results or errors, and
returns its own result.
"""

from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

from .statement import Statement

T = TypeVar("T")
Steps = Generator[Statement[Any], Any, T]
Run = Callable[[Statement[Any]], Any]
"""Sends a statement and returns its decoded result."""


def run_steps(steps: Steps[T], run: Run) -> T:
    """Run the statements of an operation with `run` and return the operation's result."""
    try:
        statement = next(steps)
        while True:
            try:
                given = run(statement)
            except Exception as error:
                statement = steps.throw(error)
            else:
                statement = steps.send(given)
    except StopIteration as end:
        result: T = end.value
        return result


async def run_steps_async(steps: Steps[T], run: Callable[[Statement[Any]], Awaitable[Any]]) -> T:
    """`run_steps` for asynchronous code."""
    try:
        statement = next(steps)
        while True:
            try:
                given = await run(statement)
            except Exception as error:
                statement = steps.throw(error)
            else:
                statement = steps.send(given)
    except StopIteration as end:
        result: T = end.value
        return result
