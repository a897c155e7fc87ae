"""Results of statements that cost much: one visitor reads them for all."""

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
"""For how many seconds more an old result is shown, to those who may see it."""
_log = get_logger("conduit.dashboard")


@dataclass(slots=True)
class _Result:
    """The result of a statement, until when it is new (0: there is none), and until when kept."""

    until: float
    new_until: float = 0.0
    result: Any = None
    refusal: Refusal | None = None
    reads: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Results:
    """Keeps each result for as long as its reader asks for."""

    def __init__(self) -> None:
        self._kept: dict[str, _Result] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def forget(self) -> None:
        """Have everything read again."""
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
        """The result of the statement, not older than `seconds`; `read` gives it, within `limit`.

        One that is older by up to GRACE seconds is given, too, to those for whom it may be old;
        then it is read again meanwhile. `keeps` says whether a result is worth it. Of visitors that
        come at once the first one reads, and a refusal is that of all.
        """
        now = time.monotonic()
        self._kept = {key: each for key, each in self._kept.items() if each.until > now}
        parts = (statement.parameters, statement.fragments)
        key = repr((statement.query, *(sorted(part.items()) for part in parts)))
        kept = self._kept.setdefault(key, _Result(now + limit + seconds))
        if kept.new_until > now or (may_be_old and kept.new_until):
            if kept.new_until <= now and not kept.lock.locked():
                task = asyncio.create_task(_read_again(kept, read, seconds, keeps))
                self._tasks.add(task)  # or it would be collected as garbage
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
    """Read while the old result is shown; what does not give one now is told to later visitors."""
    try:
        await _read(kept, read, seconds, keeps)
    except Refusal:
        return
    except Exception as error:  # its text may hold what is secret
        _log.error("a result could not be read again: %s", place_of(error))
