"""What Conduit's operators do where Python's do something else.

Generated code uses these only where the types do not already make the two agree.
"""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal, NoReturn, TypeVar, get_args, overload
from uuid import UUID

import msgspec

from . import payload
from .generated.identity import identity
from .generated.service_calls import AsyncHookServices, HookServices, JobServices
from .values import ConduitError, ErrorValue, Range

__all__ = [
    "add",
    "bound_value",
    "contains",
    "divide",
    "enum_value",
    "equal",
    "fail",
    "item",
    "iterate",
    "member",
    "multiply",
    "negate",
    "ordered",
    "power",
    "remainder",
    "subtract",
    "text",
    "unwrap",
]

_KINDS = {
    str: "a string",
    bool: "a bool",
    int: "an int",
    float: "a float",
    Decimal: "a decimal",
    datetime: "a timestamp",
    date: "a date",
    time: "a time",
    timedelta: "a duration",
    UUID: "a uuid",
}

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")

_NUMBERS = (int, float, Decimal)
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SCALARS = (str, int, float, Decimal, datetime, date, time, timedelta, list)


def add(a: Any, b: Any) -> Any:
    """`a + b` of operands whose types are not known."""
    return _applied("+", operator.add, a, b)


def subtract(a: Any, b: Any) -> Any:
    """`a - b` of operands whose types are not known."""
    return _applied("-", operator.sub, a, b)


def multiply(a: Any, b: Any) -> Any:
    """`a * b` of operands whose types are not known: numbers, or a string and an int."""
    if not all(isinstance(each, _NUMBERS) for each in (a, b)) and {type(a), type(b)} != {str, int}:
        raise _unfit("*", a, b)
    return _applied("*", operator.mul, a, b)


def negate(a: Any) -> Any:
    """`-a` of an operand whose type is not known."""
    if isinstance(a, bool) or not isinstance(a, (*_NUMBERS, timedelta)):
        raise ConduitError(f"`-` does not take {_kind(a)}")
    return -a


def ordered(a: Any, comparison: Literal["<", "<=", ">", ">="], b: Any) -> bool:
    """`a < b` and its kin of operands whose types are not known."""
    if isinstance(a, list | tuple) or isinstance(b, list | tuple):
        raise _unfit(comparison, a, b)
    return bool(_applied(comparison, _COMPARISONS[comparison], a, b))


def _applied(symbol: str, function: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    if isinstance(a, bool) or isinstance(b, bool):
        raise _unfit(symbol, a, b)
    try:
        return function(a, b)
    except TypeError:
        raise _unfit(symbol, a, b) from None
    except OverflowError:
        raise ConduitError(f"{text(a)} {symbol} {text(b)} is too large") from None


@overload
def divide(a: int, b: int) -> int: ...
@overload
def divide(a: float, b: float) -> float: ...
@overload
def divide(a: Decimal, b: Decimal | int) -> Decimal: ...
@overload
def divide(a: int, b: Decimal) -> Decimal: ...
@overload
def divide(a: Any, b: Any) -> Any: ...
def divide(a: Any, b: Any) -> Any:
    """`a / b`: two ints truncate toward zero."""
    if isinstance(a, bool) or isinstance(b, bool):
        raise _unfit("/", a, b)
    try:
        if isinstance(a, int) and isinstance(b, int):
            quotient = abs(a) // abs(b)
            return quotient if (a < 0) == (b < 0) else -quotient
        return a / b
    except ArithmeticError:
        raise _arithmetic(a, b) from None
    except TypeError:
        raise _unfit("/", a, b) from None


@overload
def remainder(a: int, b: int) -> int: ...
@overload
def remainder(a: float, b: float) -> float: ...
@overload
def remainder(a: Decimal, b: Decimal | int) -> Decimal: ...
@overload
def remainder(a: int, b: Decimal) -> Decimal: ...
@overload
def remainder(a: Any, b: Any) -> Any: ...
def remainder(a: Any, b: Any) -> Any:
    """`a % b`, with the sign of the dividend."""
    if isinstance(a, str | bool) or isinstance(b, bool):
        raise _unfit("%", a, b)
    try:
        if isinstance(a, Decimal) or isinstance(b, Decimal):
            return a % b  # Decimal's own remainder has the dividend's sign
        rest = abs(a) % abs(b)
        return -rest if a < 0 else rest
    except ArithmeticError:
        raise _arithmetic(a, b) from None
    except TypeError:
        raise _unfit("%", a, b) from None


@overload
def power(a: int, b: int) -> Any: ...
@overload
def power(a: float, b: float) -> float: ...
@overload
def power(a: Decimal, b: Decimal | int) -> Decimal: ...
@overload
def power(a: Any, b: Any) -> Any: ...
def power(a: Any, b: Any) -> Any:
    """`a ** b`; a result that is no real number is an error."""
    if isinstance(a, bool) or isinstance(b, bool):
        raise _unfit("**", a, b)
    try:
        result = a**b
    except ArithmeticError as error:
        raise ConduitError(f"{text(a)} ** {text(b)} has no value: {error}") from None
    except TypeError:
        raise _unfit("**", a, b) from None
    if isinstance(result, complex):
        raise ConduitError(f"{text(a)} ** {text(b)} is no real number")
    return result


def equal(a: Any, b: Any) -> bool:
    """`a == b`: false across types, a bool only equals a bool, numbers by value, deep.

    Records are equal when they are of one table and have the same primary key.
    """
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(equal(value, b[key]) for key, value in a.items())
    known = identity(a)
    return bool(a == b) if known is None else known == identity(b)


def iterate(value: Any) -> Iterable[Any]:
    """What `for` goes through, of a value whose type is not known: items, or a hash's keys."""
    if value is None or isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise ConduitError(f"`for` needs an array, a range of ints or a hash, not {_kind(value)}")
    return value


def enum_value(kind: Any, value: Any) -> Any:
    """A text that is not known before as a value of an enum; `kind` is the enum's `Literal`."""
    values = get_args(kind)
    if value is None or value in values:
        return value
    listed = ", ".join(f'"{each}"' for each in values)
    shown = f'"{value}"' if isinstance(value, str) else _kind(value)
    raise ConduitError(f"{shown} is not a value of the enum, which is one of {listed}")


def contains(needle: Any, container: Any) -> bool:
    """`needle in container`: items of an array, keys of a hash, a part of a string, a range."""
    if isinstance(container, str):
        return isinstance(needle, str) and needle in container
    if isinstance(container, list | tuple):
        return any(equal(needle, each) for each in container)
    if isinstance(container, Mapping):
        return any(equal(needle, key) for key in container)
    if isinstance(container, Range | range):
        return not isinstance(needle, bool) and needle in container
    raise ConduitError(f"`in` needs an array, a hash, a string or a range, not {_kind(container)}")


@overload
def item(target: str, index: int) -> str | None: ...
@overload
def item(target: Sequence[T], index: int) -> T | None: ...
@overload
def item(target: Mapping[K, V], index: K) -> V | None: ...
@overload
def item(target: Any, index: Any) -> Any: ...
def item(target: Any, index: Any) -> Any:
    """`target[index]`: nil past the end of an array and for a key that is missing."""
    if isinstance(target, Mapping):
        return target.get(index)
    if isinstance(target, list | tuple | str):
        if isinstance(index, int) and not isinstance(index, bool):
            return target[index] if -len(target) <= index < len(target) else None
        raise ConduitError(f"an index must be an int, not {_kind(index)}")
    if target is None or isinstance(target, _SCALARS):
        raise ConduitError(f"{_kind(target)} has no items")
    try:
        return target[index]
    except (LookupError, TypeError):
        raise ConduitError(f"{_kind(target)} has no item {text(index)}") from None


def member(target: Any, name: str) -> Any:
    """`target.name` of a hash, of JSON or of a service's result: a key, else an attribute."""
    if isinstance(target, Mapping):
        return target.get(name)
    if target is None or isinstance(target, _SCALARS) or not hasattr(target, name):
        raise ConduitError(f"{_kind(target)} has no {name}")
    return getattr(target, name)


def unwrap(value: T | None, what: str) -> T:
    """`value!`: the value, or an error that says what is nil."""
    if value is None:
        raise ConduitError(f"{what} is nil")
    return value


def bound_value(services: Any, name: str) -> Any:
    """A value that the application binds beside its services, as it is."""
    if isinstance(services, JobServices | HookServices | AsyncHookServices):
        return services.bound_value(name)
    return getattr(services, name)


def fail(message: str) -> NoReturn:
    """`error("…")`."""
    raise ConduitError(text(message))


def text(value: Any) -> str:
    """How a value reads in a string.

    Nil as nothing, bools and numbers as JSON, decimals with all their digits, times as RFC 3339,
    arrays, hashes and records as compact JSON.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, BaseException):
        return ErrorValue.of(value).message
    if isinstance(value, ErrorValue):
        return value.message
    try:
        written = payload.encode(value)
    except ValueError:  # no JSON has it: infinity, say, or an object of the application
        return str(value)
    if written.startswith('"'):
        return str(msgspec.json.decode(written))
    return written


def _kind(value: Any) -> str:
    """The type of a value in the language's words."""
    if value is None:
        return "nil"
    if isinstance(value, list | tuple):
        return "an array"
    if isinstance(value, Mapping):
        return "a hash"
    return _KINDS.get(type(value), type(value).__name__)


def _unfit(symbol: str, a: Any, b: Any) -> ConduitError:
    return ConduitError(f"`{symbol}` does not take {_kind(a)} and {_kind(b)}")


def _arithmetic(a: Any, b: Any) -> ConduitError:
    if not b:
        return ConduitError(f"{text(a)} is divided by zero")
    return ConduitError(f"{text(a)} and {text(b)} are too large to divide")
