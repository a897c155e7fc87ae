"""Checks of the arguments of callers: each error is one line that names the argument. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeGuard, TypeVar

T = TypeVar("T")

LONGEST = timedelta(days=365_000)
"""The longest duration of a job, a key or a schedule: 1,000 years."""
_SHOWN = 60


def describe_argument(what: str, value: object, wanted: str) -> str:
    """The text of an error: the value of the argument, and what to use instead."""
    try:
        shown = str(value) if isinstance(value, timedelta) else " ".join(repr(value).split())
    except Exception:
        shown = f"a {type(value).__name__}"
    if len(shown) > _SHOWN:
        shown = f"{shown[: _SHOWN - 1]}…"
    return f"{what} is {shown}: use {wanted}"


def check_type(
    value: object, what: str, kind: type[Any] | tuple[type[Any], ...], wanted: str
) -> None:
    if not isinstance(value, kind):
        raise TypeError(describe_argument(what, value, wanted))


def check_text(value: object, what: str) -> None:
    """Raise TypeError for a value that is neither a text nor None."""
    if value is not None:
        check_type(value, what, str, "a text")


def check_callable(value: object, what: str) -> None:
    """Raise TypeError for a value that is neither a function nor None."""
    if value is not None and not callable(value):
        raise TypeError(describe_argument(what, value, "a function"))


def listed(values: Iterable[T], what: str) -> list[T]:
    """The values as a list. Raises TypeError for a text, a mapping, and anything not iterable."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise TypeError(describe_argument(what, values, "a list"))
    return [*values]


def each(values: Iterable[T], what: str, kind: type[T], wanted: str) -> Sequence[T]:
    """`listed`, which also raises TypeError if a value has another type."""
    found = listed(values, what)
    for value in found:
        check_type(value, f"one of {what}", kind, wanted)
    return found


def is_whole(value: object) -> TypeGuard[int]:
    """Whether the value is an int and not a bool."""
    return isinstance(value, int) and not isinstance(value, bool)


def check_number(value: object, what: str) -> None:
    """Raise TypeError if this is no number, ValueError for a number that JSON cannot hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(describe_argument(what, value, "a number"))
    if not -(2**63) <= value < 2**63 or not math.isfinite(value):
        raise ValueError(describe_argument(what, value, "a finite number"))


def check_duration(value: object, what: str) -> None:
    """Raise TypeError if this is no timedelta, ValueError unless it is above 0, up to `LONGEST`."""
    check_type(value, what, timedelta, "a timedelta")
    if not timedelta(0) < value <= LONGEST:  # type: ignore[operator]
        raise ValueError(
            describe_argument(what, value, f"a positive time of at most {LONGEST.days:,} days")
        )
