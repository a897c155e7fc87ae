"""The pure functions of the standard library, written from the language's page alone.

An entry has the types of the parameters, the type of the result, and the function. A type is a
letter; a lower-case letter after `?` is an optional parameter.
"""

import hashlib
import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from math import ceil, floor
from typing import Any
from uuid import UUID

from .meaning import Failure, Unclear, contains, equal, less, text, truthy

_NUMBER = (int, float, Decimal)
CLASSES: dict[str, Any] = {
    "s": str, "i": int, "n": _NUMBER, "f": float, "p": Decimal, "b": bool, "u": UUID,
    "t": datetime, "d": date, "c": time, "l": timedelta, "a": list, "h": dict, "x": object,
    "r": (str, re.Pattern), "m": (datetime, date), "w": (datetime, time), "z": Callable,
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A function of the library."""

    parameters: str
    result: str
    function: Callable[..., Any]

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the function; fail if an argument is not of its parameter's type."""
        letters = self.parameters.replace("?", "")
        letters += letters[-1:] * (len(arguments) - len(letters))
        for letter, value in zip(letters, arguments, strict=False):
            fits = isinstance(value, CLASSES[letter]) or letter == "x"
            if not fits or (isinstance(value, bool) and letter in "in"):
                raise Failure(f"{value} is no {letter}")
        try:
            return self.function(*arguments, **named)
        except (TypeError, ValueError, ArithmeticError, re.error) as error:
            raise Failure(str(error)) from None


def _slugify(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9 ,.-]*", value):
        raise Unclear
    return "-".join(re.findall("[a-z0-9]+", value.lower()))


def _truncate(value: str, length: int) -> str:
    if length < 0:
        raise Failure("length")
    return value[:length]


def _split(value: str, by: Any) -> list[str]:
    if isinstance(by, re.Pattern):
        return by.split(value)
    return value.split(by) if by else list(value)


def _replace(value: str, by: Any, other: str) -> str:
    if isinstance(by, re.Pattern):
        return by.sub(other, value)
    return value.replace(by, other)


def _rounded(value: Any, precision: int = 0) -> Any:
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    found = exact.quantize(Decimal(1).scaleb(-precision), ROUND_HALF_UP)
    if precision == 0 or isinstance(value, int):
        return int(found)
    return float(found) if isinstance(value, float) else found


def _format(value: Any, decimals: int = 2) -> str:
    if decimals < 0:
        raise Failure("decimals")
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    found = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return format(found if found else abs(found), "f")


def _extreme(choose: Any) -> Callable[..., Any]:
    def chosen(*numbers: Any) -> Any:
        found = choose(numbers)
        kinds = {type(each) for each in numbers}
        if kinds == {float, Decimal} or len(kinds) == 3:
            raise Failure("a decimal and a float")
        wider = next((kind for kind in (Decimal, float) if kind in kinds), int)
        return wider(found)

    return chosen


def _unique(items: list[Any]) -> list[Any]:
    kept: list[Any] = []
    for item in items:
        if not contains(item, kept):
            kept.append(item)
    return kept


def _sort(items: list[Any]) -> list[Any]:
    for a, b in pairwise(items):
        if isinstance(a, bool) and isinstance(b, bool):
            continue
        less(a, b)
    return sorted(items)


def _parse(value: str) -> datetime:
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _strftime(value: Any, form: str) -> str:
    if value.__class__ is time and re.search("%[YmdjA]", form):
        raise Unclear
    return value.strftime(form)


def _json(value: str) -> Any:
    if re.search("NaN|Infinity|u", value):
        raise Unclear
    return json.loads(value)


def _valid(parse: Callable[[str], Any], value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parse(value)
    except (ValueError, Failure):
        return False
    return True


def _stringify(value: Any) -> str:
    if isinstance(value, bool | int | float | list | dict) or value is None:
        return text(value) if value is not None else "null"
    return json.dumps(text(value), ensure_ascii=False)


def _pattern(value: Any) -> Any:
    return re.compile(value) if isinstance(value, str) else value


LIBRARY = {
    "String.capitalize": Entry("s", "s", str.capitalize),
    "String.slugify": Entry("s", "s", _slugify),
    "String.upcase": Entry("s", "s", str.upper),
    "String.downcase": Entry("s", "s", str.lower),
    "String.trim": Entry("s?s", "s", lambda value, chars=None: value.strip(chars)),
    "String.truncate": Entry("si", "s", _truncate),
    "String.split": Entry("sr", "as", _split),
    "String.join": Entry("as", "s", lambda parts, by: by.join(map(text, parts))),
    "String.replace": Entry("srs", "s", _replace),
    "String.starts_with?": Entry("ss", "b", str.startswith),
    "String.ends_with?": Entry("ss", "b", str.endswith),
    "String.includes?": Entry("ss", "b", lambda value, part: part in value),
    "String.contains": Entry("ss", "b", lambda value, part: part in value),
    "String.length": Entry("s", "i", len),
    "Text.word_count": Entry("s", "i", lambda value: len(value.split())),
    "Text.character_count": Entry("s", "i", len),
    "Text.calculate_reading_time": Entry(
        "s", "i", lambda value: max(1, ceil(len(value.split()) / 200))
    ),
    "Number.format": Entry("n?i", "s", _format),
    "Number.round": Entry("n?i", "i", _rounded),
    "Number.abs": Entry("n", "n", abs),
    "Number.ceil": Entry("n", "i", ceil),
    "Number.floor": Entry("n", "i", floor),
    "Number.min": Entry("nn", "n", _extreme(min)),
    "Number.max": Entry("nn", "n", _extreme(max)),
    "Array.first": Entry("a", "", lambda items: items[0] if items else None),
    "Array.last": Entry("a", "", lambda items: items[-1] if items else None),
    "Array.length": Entry("a", "i", len),
    "Array.empty?": Entry("a", "b", lambda items: not items),
    "Array.includes?": Entry("ax", "b", lambda items, item: contains(item, items)),
    "Array.contains": Entry("ax", "b", lambda items, item: contains(item, items)),
    "Array.unique": Entry("a", "", _unique),
    "Array.sort": Entry("a", "", _sort),
    "Array.reverse": Entry("a", "", lambda items: items[::-1]),
    "Array.push": Entry("ax", "", lambda items, item: [*items, item]),
    "Array.concat": Entry("aa", "", lambda items, others: items + others),
    "Array.map": Entry("az", "", lambda items, call: [call(item) for item in items]),
    "Array.filter": Entry(
        "az", "", lambda items, call: [item for item in items if truthy(call(item))]
    ),
    "Hash.keys": Entry("h", "as", list),
    "Hash.values": Entry("h", "", lambda entries: list(entries.values())),
    "Hash.merge": Entry("hh", "", lambda entries, others: {**entries, **others}),
    "Hash.has_key?": Entry("hs", "b", lambda entries, key: key in entries),
    "Hash.has_key": Entry("hs", "b", lambda entries, key: key in entries),
    "Hash.get": Entry("hs?x", "", lambda entries, key, default=None: entries.get(key, default)),
    "Time.parse": Entry("s", "t", _parse),
    "Time.format": Entry("ts", "s", _strftime),
    "Time.add": Entry("ml", "m", lambda moment, by: moment + by),
    "Time.subtract": Entry("ml", "m", lambda moment, by: moment - by),
    "Time.diff": Entry("tt", "l", lambda moment, other: moment - other),
    "Time.add_days": Entry("mi", "m", lambda moment, days: moment + timedelta(days=days)),
    "Time.year": Entry("m", "i", lambda moment: moment.year),
    "Time.month": Entry("m", "i", lambda moment: moment.month),
    "Time.day": Entry("m", "i", lambda moment: moment.day),
    "Time.hour": Entry("w", "i", lambda moment: moment.hour),
    "Time.minute": Entry("w", "i", lambda moment: moment.minute),
    "Time.second": Entry("w", "i", lambda moment: moment.second),
    "UUID.parse": Entry("s", "u", UUID),
    "UUID.validate": Entry("x", "b", lambda value: isinstance(value, UUID) or _valid(UUID, value)),
    "Crypto.hash": Entry("s", "s", lambda value: hashlib.sha256(value.encode()).hexdigest()),
    "HTML.escape": Entry("s", "s", html.escape),
    "JSON.parse": Entry("s", "x", _json),
    "JSON.stringify": Entry("x", "s", _stringify),
    "JSON.validate": Entry("s", "b", lambda value: _valid(_json, value)),
    "Regex.test": Entry("sr", "b", lambda value, by: bool(_pattern(by).search(value))),
    "Regex.match": Entry(
        "sr", "as", lambda value, by: [found[0] for found in _pattern(by).finditer(value)]
    ),
    "Regex.replace": Entry("srs", "s", lambda value, by, other: _pattern(by).sub(other, value)),
    "Regex.split": Entry("sr", "as", lambda value, by: _pattern(by).split(value)),
}
"""The functions, by namespace and name."""

__all__ = ["CLASSES", "LIBRARY", "Entry", "equal"]
