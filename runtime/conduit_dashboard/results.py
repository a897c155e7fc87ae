"""Results of statements that cost much: one visitor reads them for all."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from conduit_runtime.postgres.statement import Statement

from .errors import Refusal

T = TypeVar("T")


@dataclass(slots=True)
class _Result:
    """The result of a statement, and until when it is used."""

    until: float
    result: Any = None
    is_known: bool = False
    refusal: Refusal | None = None
    reads: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Results:
    """Keeps each result for as long as its reader asks for."""

    def __init__(self) -> None:
        self._kept: dict[str, _Result] = {}

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
    ) -> T:
        """The result of the statement, not older than `seconds`; `read` gives it, within `limit`.

        `keeps` says whether a result is worth it. Of visitors that come meanwhile the first one
        reads, and a refusal is that of all.
        """
        now = time.monotonic()
        self._kept = {key: each for key, each in self._kept.items() if each.until > now}
        parts = (statement.parameters, statement.fragments)
        key = repr((statement.query, *(sorted(part.items()) for part in parts)))
        kept = self._kept.setdefault(key, _Result(now + limit + seconds))
        reads = kept.reads
        async with kept.lock:
            if kept.is_known:
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
            if keeps(result):
                kept.result, kept.is_known = result, True
                kept.until = time.monotonic() + seconds
            return result
