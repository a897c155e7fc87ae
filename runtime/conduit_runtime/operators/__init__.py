"""Conduit's operators, for cases in which Python's do something else.

Generated code uses these only if the types do not already make both agree.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NoReturn, TypeVar, get_args, overload

from ..model.identity import identity
from ..model.text.names import named
from ..model.values import ConduitError, Range
from ..payloads.convert import Unfit, converter
from ..services.service_calls import BoundServices
from .arithmetic import add as add
from .arithmetic import divide as divide
from .arithmetic import multiply as multiply
from .arithmetic import negate as negate
from .arithmetic import ordered as ordered
from .arithmetic import power as power
from .arithmetic import remainder as remainder
from .arithmetic import subtract as subtract
from .formatting import kind_of
from .formatting import text as text

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")

_SCALARS = (str, int, float, Decimal, datetime, date, time, timedelta, list)


def equal(a: Any, b: Any) -> bool:
    """`a == b`: false across types; a bool only equals a bool; numbers compare by value; deep.

    Records are equal if they are of one table and have the same primary key.
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
    """What `for` iterates over, for a value of unknown type: items, or the keys of a hash."""
    if value is None or isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise ConduitError(f"`for` needs an array, a range of ints or a hash, not {kind_of(value)}")
    return value


def enum_value(kind: Any, value: Any) -> Any:
    """A text as a value of an enum, if it is one; `kind` is the enum's `Literal`."""
    values = get_args(kind)
    if value is None or value in values:
        return value
    listed = ", ".join(f'"{each}"' for each in values)
    shown = f'"{value}"' if isinstance(value, str) else kind_of(value)
    raise ConduitError(f"{shown} is not a value of the enum, which is one of {listed}")


def of_type(kind: Any, value: Any, what: str) -> Any:
    """A value whose type the compiler does not know, as one of `kind`, an annotation.

    An int becomes a float or a decimal where one is declared, a hash becomes a struct. Raises
    ConduitError, which says what does not fit.
    """
    if isinstance(kind, type) and type(value) is kind:
        return value
    try:
        return converter(kind)(value, what)
    except Unfit as unfit:
        raise ConduitError(str(unfit)) from None


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
    raise ConduitError(
        f"`in` needs an array, a hash, a string or a range, not {kind_of(container)}"
    )


@named("length")
def length_of(value: Any) -> int:
    """`value.length()`, for a value that may be a string or an array."""
    if isinstance(value, str | list | tuple):
        return len(value)
    raise ConduitError(f"`length` needs a string or an array, not {kind_of(value)}")


@named("includes?", "contains")
def includes_item(value: Any, item: Any) -> bool:
    """`value.includes?(item)`, for a value that may be a string or an array."""
    if isinstance(value, str | list | tuple):
        return contains(item, value)
    raise ConduitError(f"`includes?` needs a string or an array, not {kind_of(value)}")


@overload
def item(target: str, index: int) -> str | None: ...
@overload
def item(target: Sequence[T], index: int) -> T | None: ...
@overload
def item(target: Mapping[K, V], index: K) -> V | None: ...
@overload
def item(target: Any, index: Any) -> Any: ...
def item(target: Any, index: Any) -> Any:
    """`target[index]`: nil past the end of an array, and for a missing key."""
    if isinstance(target, Mapping):
        return target.get(index)
    if isinstance(target, list | tuple | str):
        if isinstance(index, int) and not isinstance(index, bool):
            return target[index] if -len(target) <= index < len(target) else None
        raise ConduitError(f"an index must be an int, not {kind_of(index)}")
    if target is None or isinstance(target, _SCALARS):
        raise ConduitError(f"{kind_of(target)} has no items")
    try:
        return target[index]
    except (LookupError, TypeError):
        raise ConduitError(f"{kind_of(target)} has no item {text(index)}") from None


def member(target: Any, name: str) -> Any:
    """`target.name`, for a hash, JSON or a service's result: the key, else the attribute."""
    if isinstance(target, Mapping):
        return target.get(name)
    if target is None or isinstance(target, _SCALARS) or not hasattr(target, name):
        raise ConduitError(f"{kind_of(target)} has no {name}")
    return getattr(target, name)


def only(target: Any, *paths: str) -> Any:
    """A hash of some parts of a hash or a service's result, those that it has: `address.city`."""
    if target is None or isinstance(target, _SCALARS):
        return target
    parts: dict[str, list[str]] = {}
    for path in paths:
        name, _, rest = path.partition(".")
        parts.setdefault(name, []).extend([rest] if rest else [])
    is_hash = isinstance(target, Mapping)
    found = {
        name: target.get(name) if is_hash else getattr(target, name)
        for name in parts
        if is_hash or hasattr(target, name)
    }
    return {
        name: only(value, *parts[name]) if parts[name] else value for name, value in found.items()
    }


def unwrap(value: T | None, what: str) -> T:
    """`value!`: the value, or an error that says what is nil."""
    if value is None:
        raise ConduitError(f"{what} is nil")
    return value


def bound_value(services: Any, name: str) -> Any:
    """A value, not a service, that the application binds beside its services."""
    if isinstance(services, BoundServices):
        return services.bound_value(name)
    return getattr(services, name)


def fail(message: str) -> NoReturn:
    """`error("…")`."""
    raise ConduitError(text(message))
