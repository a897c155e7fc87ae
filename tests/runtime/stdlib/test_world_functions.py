"""`Cache`, `Context` and `Env`."""

import asyncio
import os
import threading
import weakref
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from conduit_runtime.stdlib import Cache, Context, Env
from conduit_runtime.stdlib.cache import MemoryStore


class Clock:
    """A clock that the test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Iterator[Clock]:
    """The clock of the new store that `Cache` uses during the test."""
    clock = Clock()
    before = Cache.bind(MemoryStore(clock=clock))
    yield clock
    Cache.bind(before)


@pytest.mark.usefixtures("clock")
def test_cache_keeps_and_forgets() -> None:
    assert Cache.get("a") is None
    Cache.set("a", [1])
    Cache.set("b", None)
    assert Cache.get("a") == [1]
    assert Cache.get("b") is None
    Cache.invalidate("a")
    Cache.invalidate("a")
    assert Cache.get("a") is None
    Cache.set("a", 2)
    Cache.clear()
    assert Cache.get("a") is None


@pytest.mark.parametrize("ttl", [60, 60.0, timedelta(minutes=1)])
def test_a_value_lasts_for_its_ttl(clock: Clock, ttl: Any) -> None:
    Cache.set("a", 1, ttl)
    Cache.set("b", 1)
    clock.now += 59.9
    assert Cache.get("a") == 1
    clock.now += 0.1
    assert Cache.get("a") is None
    clock.now += 10**9
    assert Cache.get("b") == 1


def test_a_new_value_has_a_ttl_of_its_own(clock: Clock) -> None:
    Cache.set("a", 1, ttl=1)
    Cache.set("a", 2)
    clock.now += 2
    assert Cache.get("a") == 2


def test_a_full_store_drops_what_was_not_used() -> None:
    store = MemoryStore(size=2)
    store.set("a", 1, None)
    store.set("b", 2, None)
    assert store.get("a") == 1
    store.set("c", 3, None)
    assert [store.get(key) for key in "abc"] == [1, None, 3]


class Value:
    """A value that can have a weak reference."""


def test_a_value_whose_time_is_over_is_freed_when_another_is_stored(clock: Clock) -> None:
    value = Value()
    kept = weakref.ref(value)
    Cache.set("a", value, ttl=1)
    del value
    clock.now += 2
    Cache.set("b", 1)
    assert kept() is None


@pytest.mark.parametrize("ttl", [0, -1, timedelta(0), float("nan")])
def test_a_ttl_must_be_positive(ttl: Any) -> None:
    with pytest.raises(Exception, match=r"Cache\.set: `ttl` is not more than 0"):
        Cache.set("a", 1, ttl)


def test_a_key_must_not_be_nil() -> None:
    with pytest.raises(Exception, match=r"Cache\.get: `key` must be a string, not nil"):
        Cache.get(None)  # type: ignore[arg-type]


def test_context_is_empty_outside_of_a_request() -> None:
    assert Context.current_user() is None
    assert Context.current_request() is None
    assert not Context.is_authenticated()
    with pytest.raises(Exception, match=r"Context\.current_user!: nobody is signed in"):
        Context.require_current_user()


def test_context_lasts_for_its_block() -> None:
    with Context.use(user={"id": 1}, request={"path": "/"}) as values:
        assert Context.current_user() == Context.require_current_user() == {"id": 1}
        assert Context.current_request() == {"path": "/"}
        assert Context.is_authenticated()
        assert Context.values() is values
        assert (values.current_user, values.current_request) == ({"id": 1}, {"path": "/"})
        with Context.use(user=2):
            assert Context.current_user() == 2
            assert Context.current_request() is None
        assert Context.current_user() == {"id": 1}
    assert not Context.is_authenticated()


def test_context_is_bound_and_unbound() -> None:
    token = Context.bind(user="ann")
    assert Context.current_user() == "ann"
    Context.unbind(token)
    assert Context.current_user() is None


def test_each_task_has_a_context_of_its_own() -> None:
    async def serve(user: str, seen: list[str], ready: asyncio.Barrier) -> None:
        with Context.use(user=user):
            await ready.wait()
            seen.append(Context.current_user())
            seen.append(await asyncio.to_thread(Context.current_user))

    async def serve_two() -> tuple[list[str], list[str]]:
        first: list[str] = []
        second: list[str] = []
        ready = asyncio.Barrier(2)
        await asyncio.gather(serve("ann", first, ready), serve("bob", second, ready))
        return first, second

    assert asyncio.run(serve_two()) == (["ann", "ann"], ["bob", "bob"])


def test_a_new_thread_has_no_context() -> None:
    seen: list[object] = []
    with Context.use(user="ann"):
        thread = threading.Thread(target=lambda: seen.append(Context.current_user()))
        thread.start()
        thread.join()
    assert seen == [None]


def test_env(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONDUIT_TEST", raising=False)
    assert Env.get("CONDUIT_TEST") is None
    assert Env.get("CONDUIT_TEST", "x") == "x"
    assert not Env.has("CONDUIT_TEST")
    monkeypatch.setenv("CONDUIT_TEST", "")
    Env.set("CONDUIT_TEST", "é")
    assert Env.get("CONDUIT_TEST", default="x") == "é"
    assert os.environ["CONDUIT_TEST"] == "é"
    assert Env.has("CONDUIT_TEST")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("A\0", "x", r"Env\.set: embedded null byte"),
        ("A=B", "x", r"Env\.set: "),
        ("", "x", r"Env\.set: "),
        ("A", None, r"Env\.set: `value` must be a string, not nil"),
        ("A", 5, r"Env\.set: `value` must be a string, not an int"),
    ],
)
def test_env_refuses(key: str, value: Any, message: str) -> None:
    with pytest.raises(Exception, match=message):
        Env.set(key, value)
