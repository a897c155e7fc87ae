"""Calls as generated code makes them, with the types that they must have.

This code never runs: a test runs mypy on it.
"""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, assert_type
from uuid import UUID as UUIDValue  # noqa: N811

from conduit_runtime import RequestContext
from conduit_runtime.stdlib import (
    HTML,
    JSON,
    UUID,
    Array,
    Cache,
    Context,
    Crypto,
    Env,
    Hash,
    Logger,
    Number,
    Random,
    Regex,
    String,
    Text,
    Time,
)

State = Literal["open", "paid"]

assert_type(String.slugify("a"), str)
assert_type(String.split("a", ","), list[str])
assert_type(String.split("a", re.compile(",")), list[str])
assert_type(String.join([1, "a", None], ","), str)
assert_type(String.starts_with("a", part="b"), bool)
assert_type(Text.calculate_reading_time("a", words_per_minute=100), int)

price = Decimal(1)
assert_type(Number.round(2.5), int)
assert_type(Number.round(price), int)
assert_type(Number.round(price, 0), int)
assert_type(Number.round(price, 2), Decimal)
assert_type(Number.round(2.5, precision=2), float)
assert_type(Number.round(2, 2), int)
assert_type(Number.abs(price), Decimal)
assert_type(Number.ceil(2.5), int)
assert_type(Number.min(1, 2), int)
assert_type(Number.min(1, 2.5), float)
assert_type(Number.max(1, price), Decimal)
assert_type(Number.max(price, 1, 2), Decimal)
assert_type(Number.format(price, decimals=1), str)


def arrays(numbers: list[int], states: list[State], maybe: list[int | None]) -> None:
    assert_type(Array.first(numbers), int | None)
    assert_type(Array.last(states), State | None)
    assert_type(Array.first(maybe), int | None)
    assert_type(Array.is_empty(numbers), bool)
    assert_type(Array.includes(numbers, "a"), bool)
    assert_type(Array.unique(states), list[State])
    assert_type(Array.sort(numbers), list[int])
    assert_type(Array.push(numbers, 1), list[int])
    assert_type(Array.push(numbers, None), list[int | None])
    assert_type(Array.concat(numbers, ["a"]), list[int | str])
    assert_type(Array.map(numbers, lambda x: str(x)), list[str])
    assert_type(Array.filter(maybe, lambda x: x), list[int | None])


def hashes(counts: dict[str, int]) -> None:
    assert_type(Hash.keys(counts), list[str])
    assert_type(Hash.values(counts), list[int])
    assert_type(Hash.merge(counts, {"a": 2.5}), dict[str, int | float])
    assert_type(Hash.get(counts, "a"), int | None)
    assert_type(Hash.get(counts, "a", 0), int)
    assert_type(Hash.get(counts, "a", "x"), int | str)
    assert_type(Hash.has_key(counts, "a"), bool)


assert_type(Time.now(), datetime)
assert_type(Time.today(), date)
assert_type(Time.parse("a", format="%Y"), datetime)
assert_type(Time.add(datetime.now(UTC), timedelta(days=1)), datetime)
assert_type(Time.add_days(date(2026, 1, 1), 1), date)
assert_type(Time.diff(Time.now(), Time.now()), timedelta)
assert_type(Time.format(Time.today(), "2006"), str)
assert_type(Time.hour(Time.now()), int)

assert_type(UUID.generate(), UUIDValue)
assert_type(UUID.parse("a"), UUIDValue)
assert_type(UUID.validate(None), bool)
assert_type(Random.int(1, 2), int)
assert_type(Random.float(1, 2), float)
assert_type(Random.uuid(), UUIDValue)
assert_type(Crypto.hash("a", algorithm="bcrypt"), str)
assert_type(Crypto.compare(None, "a"), bool)
assert_type(HTML.escape("a"), str)
assert_type(JSON.parse("a"), Any)
assert_type(JSON.stringify(price, pretty=True), str)
assert_type(Regex.match("a", re.compile("a")), list[str])
assert_type(Regex.test(None, "a"), bool)
assert_type(Cache.get("a"), Any)
assert_type(Env.get("a"), str | None)
assert_type(Env.get("a", default="b"), str)
assert_type(Context.require_current_user(), Any)

Cache.set("a", None, ttl=timedelta(hours=1))
Cache.set("a", [1], ttl=60)
Env.set("a", "b")
Logger.warn("a", error=ValueError(), count=3, from_=None)
Logger.info("a", context={"id": 1}, message="b")
with Context.use(user=1, request=None) as values:
    assert_type(values.current_user, Any)


def assigned(states: list[State], floats: list[float], rates: dict[str, float], any: Any) -> None:
    """A narrower literal takes the type of the collection or variable that it goes into."""
    by_name: dict[str, State] = {}
    wanted: State = Hash.get(by_name, "a", "open")
    rate: float = Hash.get(rates, "a", 0)
    rates = Hash.merge(rates, {"a": 1})
    states = Array.push(states, "paid")
    states = Array.concat(states, [wanted, "open"])
    floats = Array.push(floats, 1)
    total: Decimal = Number.round(any, 2)
    when: datetime = Time.add(any, any)
    context: RequestContext = Context.values()
    Logger.debug("all", rate=rate, total=total, when=when, user=context.current_user)
