"""`Cache`."""

import math
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Protocol

from cachetools import TLRUCache

from ._namespace import ArgumentError, namespace, properties


class CacheStore(Protocol):
    """The store of `Cache`. Several threads call it at once."""

    def get(self, key: str) -> Any:
        """The value; None if there is none or its time is over."""

    def set(self, key: str, value: Any, ttl: float | None) -> None:
        """Store a value for `ttl` seconds; without `ttl`, until it is invalidated."""

    def invalidate(self, key: str) -> None:
        """Forget the value, if there is one."""

    def clear(self) -> None:
        """Forget every value."""


class MemoryStore(CacheStore):
    """Keeps at most `size` values in the process; drops the least recently used one."""

    def __init__(self, size: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries: TLRUCache[str, tuple[Any, float]] = TLRUCache(
            size, lambda key, entry, now: now + entry[1], clock
        )
        self._lock = threading.Lock()

    def get(self, key: str) -> Any:
        with self._lock:
            value, _ = self._entries.get(key, (None, 0))
        return value

    def set(self, key: str, value: Any, ttl: float | None) -> None:
        with self._lock:
            self._entries[key] = value, math.inf if ttl is None else ttl

    def invalidate(self, key: str) -> None:
        with self._lock:
            self._entries.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


_store: CacheStore = MemoryStore()


@namespace
class Cache:
    """Values kept for later calls: in the process's memory, unless a store is bound."""

    @staticmethod
    def get(key: str) -> Any:
        """The value under the key, nil when there is none."""
        return _store.get(key)

    @staticmethod
    @properties("effect")
    def set(
        key: str,
        value: Any,
        ttl: Annotated[timedelta | float | None, "(duration or int or float)?"] = None,
    ) -> None:
        """Keep a value under the key, for a duration or a number of seconds."""
        seconds = ttl.total_seconds() if isinstance(ttl, timedelta) else ttl
        if seconds is not None and not seconds > 0:
            raise ArgumentError("Cache.set: `ttl` is not more than 0")
        _store.set(key, value, seconds)

    @staticmethod
    @properties("effect")
    def invalidate(key: str) -> None:
        """Forget the value under the key."""
        _store.invalidate(key)

    @staticmethod
    @properties("effect")
    def clear() -> None:
        """Forget every value."""
        _store.clear()

    @classmethod
    def bind(cls, store: CacheStore) -> CacheStore:
        """Store values in this store from now on; returns the store that was used before."""
        global _store
        before, _store = _store, store
        return before
