"""Tests that are coroutines."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

P = ParamSpec("P")


def asynchronous(
    test: Callable[P, Coroutine[Any, Any, None]], seconds: float = 180.0
) -> Callable[P, None]:
    """Return a function that runs the test in a new event loop, for at most `seconds`."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def limited() -> None:
            async with asyncio.timeout(seconds):
                await test(*args, **kwargs)

        asyncio.run(limited())

    return run
