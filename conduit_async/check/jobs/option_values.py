"""The values of the options of an `@async` block, each checked."""

import builtins
import re
from collections.abc import Sequence
from typing import Any

from ... import ast
from ...config import BACKOFFS, PRIORITIES
from ...suggest import did_you_mean
from ..constants import ConstantValue, Seconds

MAX_NAME_BYTES = 200
"""Bytes of UTF-8 that the name of a queue or of a job type may have."""

_MOST = 2**31 - 1
_LARGEST_BATCH = 10_000
LONGEST_WAIT = 300
"""Seconds that the jobs of a batch may wait for each other."""
_LONGEST_PERIOD = 365 * 86_400
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_MAX_DURATION = 100 * 366 * 86_400
_NO_ERRORS = {"Retry", "Discard", "Snooze", "CancelledError"} | {
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type)
    and issubclass(value, BaseException)
    and not issubclass(value, Exception)
}
"""Exceptions with their own ways to end a job; `rescue` and the options do not handle them."""


class BadOptionError(Exception):
    """An option has a bad value; `hint` may say what to write instead."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


def text(value: ConstantValue, what: str) -> str:
    """A text; `what` names it in messages."""
    if not isinstance(value, str):
        raise BadOptionError(f"{what} must be a string")
    if not value or not value.isprintable():
        raise BadOptionError(f"{what} must be a text of printable characters")
    if len(value.encode(errors="replace")) > MAX_NAME_BYTES:
        raise BadOptionError(f"{what} has at most {MAX_NAME_BYTES} bytes")
    return value


def name(value: ConstantValue) -> str:
    """The name of a job type, without that of its hook."""
    given = text(value, "the name of a job type")
    if not _NAME.fullmatch(given):
        raise BadOptionError(
            "the name of a job type has letters, digits, `_` and `-` only",
            "it becomes the last part of the job type: `user.after_create.welcome`",
        )
    return given


def earlier_names(node: ast.Expr) -> tuple[str, ...]:
    """The value of `was`: one or several names."""
    return tuple(map(_earlier_name, _items(node)))


def _earlier_name(node: ast.Expr) -> str:
    given = ast.constant_text(node)
    hint = 'such as `was: "email_send"`, or the whole name of a type: `"user.after_create.welcome"`'
    if given is None:
        raise BadOptionError("an earlier name of a job type is a string", hint)
    if "." in given:
        return text(given, "the name of a job type")
    if not _NAME.fullmatch(given):
        raise BadOptionError(f'"{given}" is no name of a job type', hint)
    return given


def error_types(node: ast.Expr) -> tuple[str, ...]:
    """The value of `retry_on` and `discard_on`: the names of error types."""
    names = tuple(map(_error_type, _items(node)))
    if not names:
        raise BadOptionError("no type of an error is named", "leave the option out")
    for given in names:
        if names.count(given) > 1:
            raise BadOptionError(f'"{given}" is given twice')
    return names


def _error_type(node: ast.Expr) -> str:
    given = ast.constant_text(node)
    if given is None:
        hint = "the name of its Python class, as `err.type` gives it"
        if isinstance(node, ast.NameRef):
            hint = f'write `"{node.span.text}"`: {hint}'
        raise BadOptionError("the type of an error is a string", hint)
    if (last := given.rpartition(".")[2]) != given and last.isidentifier():
        hint = f'write `"{last}"`'
        raise BadOptionError(f'"{given}" is more than the name of a class', hint)
    if not given.isidentifier():
        raise BadOptionError(f'"{given}" is no type of an error', 'such as `"TimeoutError"`')
    if given in _NO_ERRORS:
        hint = "it names what `rescue` catches: `Exception` and what derives from it"
        raise BadOptionError(f"`{given}` ends a job in a way of its own", hint)
    return given


def _items(node: ast.Expr) -> Sequence[ast.Expr]:
    return node.items if isinstance(node, ast.ArrayLiteral) else (node,)


def priority(value: ConstantValue) -> int:
    """A priority, as a number."""
    names = ", ".join(f'"{name}"' for name in PRIORITIES)
    if isinstance(value, str) and value not in PRIORITIES:
        hint = f"it is {names}, or a number from 0 to 100"
        hint = did_you_mean(value, PRIORITIES, '"{}"') or hint
        raise BadOptionError(f'there is no priority "{value}"', hint)
    number = PRIORITIES[value] if isinstance(value, str) else value
    if type(number) is not int or not 0 <= number <= 100:
        raise BadOptionError(f"a priority is {names}, or a number from 0 to 100")
    return number


def max_attempts(value: ConstantValue) -> int:
    """The number of attempts of a job."""
    if type(value) is not int or not 1 <= value <= 1000:
        raise BadOptionError("`max_attempts` is a whole number from 1 to 1000")
    return value


def count(value: ConstantValue, option: str) -> int:
    """The number of jobs that a limit allows."""
    if type(value) is not int or not 1 <= value <= _MOST:
        raise BadOptionError(f"`{option}` is a whole number from 1 to {_MOST:,}")
    return value


def size(value: ConstantValue) -> int:
    """The number of jobs of a batch."""
    if type(value) is not int or not 2 <= value <= _LARGEST_BATCH:
        raise BadOptionError(f"`batch` is a whole number from 2 to {_LARGEST_BATCH:,}")
    return value


def backoff(value: ConstantValue) -> str:
    """How waits grow."""
    if isinstance(value, str) and value in BACKOFFS:
        return value
    hint = did_you_mean(value, BACKOFFS, '"{}"') if isinstance(value, str) else None
    raise BadOptionError('`backoff` is "exponential", "linear" or "constant"', hint)


def delay(value: ConstantValue) -> float:
    """A duration in seconds, which may be 0."""
    if not isinstance(value, Seconds):
        hint = f"say the unit: `{value}.seconds`" if type(value) is int else "such as `10.minutes`"
        raise BadOptionError("a duration is expected here", hint)
    if not 0 <= value.value <= _MAX_DURATION:
        raise BadOptionError("the duration must be positive and at most a hundred years")
    return float(value.value)


def duration(value: ConstantValue) -> float:
    """A duration in seconds."""
    if not (seconds := delay(value)):
        raise BadOptionError("the duration must be more than nothing")
    return seconds


def period(value: ConstantValue) -> float:
    """The value of `per`."""
    if not 0.001 <= (seconds := delay(value)) <= _LONGEST_PERIOD:
        raise BadOptionError("a period is a millisecond to 365 days")
    return seconds


def moment(value: ConstantValue) -> Any:
    """Refuse any constant: `run_at` takes a moment."""
    raise BadOptionError("`run_at` is a timestamp", "such as `Time.now() + 1.hour`")
