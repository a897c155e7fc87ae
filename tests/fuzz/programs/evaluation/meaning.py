"""The results of the language's operators, written from its page alone."""

import json
import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID


class Failure(Exception):
    """A failure of an attempt, which a `rescue` catches."""


class Unclear(Exception):
    """A program whose outcome the language's page leaves open, such as very large numbers."""


class Struct(dict[str, Any]):
    """A struct: its parts by name."""


class Error:
    """What a `rescue` binds."""

    def __init__(self, failure: Failure) -> None:
        self.message = str(failure)


class Range:
    """`first..last`."""

    def __init__(self, first: Any, last: Any, exclusive: bool) -> None:
        self.first, self.last, self.exclusive = first, last, exclusive

    def items(self) -> range:
        """The ints of the range."""
        if not isinstance(self.first, int) or not isinstance(self.last, int):
            raise Failure("only a range of ints can be iterated over")
        return range(self.first, self.last + (not self.exclusive))


def reasonable(value: Any) -> Any:
    """Return the value; raise Unclear if it is too large or small for the promises of the page."""
    match value:
        case bool():
            pass
        case int() if abs(value) >= 2**53:
            raise Unclear
        case float() if value and not 1e-4 < abs(value) < 1e15:
            raise Unclear
        case Decimal() if len(value.as_tuple().digits) > 20 or abs(value.adjusted()) > 15:
            raise Unclear
        case str() | list() if len(value) > 500:
            raise Unclear
    return value


def truthy(value: Any) -> bool:
    """Whether a condition treats the value as true."""
    return isinstance(value, Struct | Error | Range) or bool(value)


def is_number(value: Any) -> bool:
    """Whether it is an int, a float or a decimal."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def equal(a: Any, b: Any) -> bool:
    """`a == b`."""
    if is_number(a) and is_number(b):
        return bool(a == b)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    return type(a) is type(b) and bool(a == b)


def less(a: Any, b: Any) -> bool:
    """`a < b`."""
    ordered = (str, datetime, date, time, timedelta)
    if (is_number(a) and is_number(b)) or (type(a) is type(b) and isinstance(a, ordered)):
        return bool(a < b)
    raise Failure("no order")


def contains(value: Any, container: Any) -> bool:
    """`value in container`."""
    match container:
        case str():
            return isinstance(value, str) and value in container
        case list() | dict():
            return any(equal(value, each) for each in container)
        case Range():
            try:
                after = less(value, container.first)
                last = less(container.last, value)
            except Failure:
                return False
            return (
                not after
                and not last
                and not (container.exclusive and equal(value, container.last))
            )
    raise Failure("nothing to be in")


def add(a: Any, b: Any) -> Any:
    """`a + b`."""
    if is_number(a) and is_number(b):
        return exactly(lambda: a + b)
    if isinstance(a, str) and isinstance(b, str):
        return a + b
    if isinstance(a, list) and isinstance(b, list):
        return a + b
    if isinstance(b, timedelta) and isinstance(a, datetime | date | timedelta):
        return exactly(lambda: a + b)
    if isinstance(a, timedelta) and isinstance(b, datetime | date):
        return exactly(lambda: a + b)
    raise Failure("+")


def subtract(a: Any, b: Any) -> Any:
    """`a - b`."""
    if is_number(a) and is_number(b):
        return exactly(lambda: a - b)
    if isinstance(b, timedelta) and isinstance(a, datetime | date | timedelta):
        return exactly(lambda: a - b)
    if type(a) is type(b) and isinstance(a, datetime | date):
        return a - b
    raise Failure("-")


def multiply(a: Any, b: Any) -> Any:
    """`a * b`."""
    if is_number(a) and is_number(b):
        return exactly(lambda: a * b)
    for text, count in ((a, b), (b, a)):
        if isinstance(text, str) and isinstance(count, int) and not isinstance(count, bool):
            reasonable(max(count, 0) * len(text))
            if count * len(text) > 500:
                raise Unclear
            return text * count
    raise Failure("*")


def divide(a: Any, b: Any) -> Any:
    """`a / b`; two ints truncate toward zero."""
    if not (is_number(a) and is_number(b)):
        raise Failure("/")
    if not b:
        raise Failure("zero")
    if isinstance(a, int) and isinstance(b, int):
        return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return exactly(lambda: a / b)


def remainder(a: Any, b: Any) -> Any:
    """`a % b`, with the sign of `a`."""
    if not (is_number(a) and is_number(b)):
        raise Failure("%")
    if not b:
        raise Failure("zero")
    if isinstance(a, int) and isinstance(b, int):
        return abs(a) % abs(b) * (-1 if a < 0 else 1)
    if isinstance(a, Decimal) or isinstance(b, Decimal):
        return exactly(lambda: Decimal(a) % Decimal(b))
    return math.fmod(a, b)


def power(a: Any, b: Any) -> Any:
    """`a ** b`."""
    if not (is_number(a) and is_number(b)):
        raise Failure("**")
    if abs(b) > 64:
        raise Unclear
    result = exactly(lambda: a**b)
    if isinstance(result, complex):
        raise Failure("not real")
    return result


def exactly(compute: Any) -> Any:
    """Compute with Python's own arithmetic."""
    try:
        return compute()
    except (ArithmeticError, TypeError) as error:
        raise Failure(str(error)) from None


def text(value: Any) -> str:
    """The text of a value in a string."""
    match value:
        case None:
            return ""
        case str():
            return value
        case Error():
            return value.message
        case list() | dict():
            return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))
    plain = _plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain)


def _plain(value: Any) -> Any:
    match value:
        case list():
            return [_plain(each) for each in value]
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date() | time():
            return value.isoformat()
        case UUID():
            return str(value)
        case Error():
            return {"message": value.message}
        case timedelta() | Range():
            raise Unclear
    return value
