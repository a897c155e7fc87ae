"""Stored results of expensive statements, which one visitor reads for all."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from conduit_runtime.model.text.logs import get_logger
from conduit_runtime.postgres.statement import Statement

from .errors import Refusal, place_of

T = TypeVar("T")

GRACE = 10.0
"""Seconds for which an old result is still shown, to callers that accept an old one."""
_log = get_logger("conduit.dashboard")


@dataclass(slots=True)
class _Result:
    """A statement's result, until when it is new (0: there is none), and until when it is kept."""

    until: float
    new_until: float = 0.0
    result: Any = None
    refusal: Refusal | None = None
    reads: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Results:
    """Keeps each result for as long as its caller asks."""

    def __init__(self) -> None:
        self._kept: dict[str, _Result] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def forget(self) -> None:
        """Forget all results."""
        self._kept = {}

    async def get(
        self,
        statement: Statement[T],
        read: Callable[[], Awaitable[T]],
        *,
        limit: float,
        seconds: float,
        keeps: Callable[[T], bool],
        may_be_old: bool = False,
    ) -> T:
        """The result of the statement, not older than `seconds`; `read` reads it within `limit`.

        If `may_be_old`, a result that is up to GRACE seconds older is returned, and a task reads it
        again. `keeps` says whether to keep a result. If several callers need the result at once,
        the first one reads it for all, and all get its refusal.
        """
        now = time.monotonic()
        self._kept = {key: each for key, each in self._kept.items() if each.until > now}
        parts = (statement.parameters, statement.fragments)
        key = repr((statement.query, *(sorted(part.items()) for part in parts)))
        kept = self._kept.setdefault(key, _Result(now + limit + seconds))
        if kept.new_until > now or (may_be_old and kept.new_until):
            if kept.new_until <= now and not kept.lock.locked():
                task = asyncio.create_task(_read_again(kept, read, seconds, keeps))
                self._tasks.add(task)  # otherwise it could be garbage-collected
                task.add_done_callback(self._tasks.discard)
            known: T = kept.result
            return known
        return await _read(kept, read, seconds, keeps)


async def _read(
    kept: _Result, read: Callable[[], Awaitable[T]], seconds: float, keeps: Callable[[T], bool]
) -> T:
    reads = kept.reads
    async with kept.lock:
        if kept.new_until > time.monotonic():
            known: T = kept.result
            return known
        if kept.refusal is not None and kept.reads > reads:
            raise type(kept.refusal)(*kept.refusal.args)  # it failed while we waited
        kept.refusal = None
        try:
            result = await read()
        except Refusal as refusal:
            kept.refusal = refusal
            raise
        finally:
            kept.reads += 1
        kept.result, kept.new_until = result, 0.0
        if keeps(result):
            kept.new_until = time.monotonic() + seconds
            kept.until = kept.new_until + GRACE
        return result


async def _read_again(
    kept: _Result, read: Callable[[], Awaitable[T]], seconds: float, keeps: Callable[[T], bool]
) -> None:
    """Read a result again while the old one is shown; leave a refusal to later readers."""
    try:
        await _read(kept, read, seconds, keeps)
    except Refusal:
        return
    except Exception as error:  # its text may contain secrets
        _log.error("a result could not be read again: %s", place_of(error))
