"""The options of an `@async` block."""

import re
from collections.abc import Callable
from typing import Any, TypeGuard

from ... import ast
from ...config import PRIORITIES
from ...diagnostics import Problems
from ...hints.queue_words import queue_hint
from ...suggest import did_you_mean, nearest
from ..coercion import constant_text
from ..constants import Constant, NotConstantError, Seconds, fold
from ..fields import report_twice

MAX_NAME_BYTES = 200
"""Bytes of UTF-8 that the name of a queue or of a job type may have."""

_BACKOFFS = ("exponential", "linear", "constant")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_MAX_DURATION = 100 * 366 * 86_400

_ALIASES = {
    **dict.fromkeys(("retries", "retry", "max_retries", "attempts", "tries"), "max_attempts"),
    **dict.fromkeys(("wait", "after", "in", "wait_for", "countdown", "run_in"), "delay"),
    **dict.fromkeys(("at", "when", "scheduled_at", "schedule_at", "wait_until", "eta"), "run_at"),
    **dict.fromkeys(("max_time", "expires_in", "ttl", "time_limit", "soft_time_limit"), "timeout"),
    **dict.fromkeys(("unique_by", "dedupe", "idempotency_key", "unique_key", "key"), "unique"),
    **dict.fromkeys(("retry_in", "retry_after", "retry_delay", "interval"), "base"),
    **dict.fromkeys(("queue_as", "queue_name"), "queue"),
    **dict.fromkeys(("old_name", "renamed_from", "previously", "formerly", "aliases"), "was"),
}
"""What other queues call the options."""


class _BadValueError(Exception):
    def __init__(self, message: str, hint: str | None = None) -> None:
        self.message, self.hint = message, hint


def read_options(block: ast.Async, problems: Problems) -> dict[str, Any]:
    """The options given, checked: constants as Python values, expressions as nodes.

    Durations are in seconds; `unique` is a tuple of expressions, `was` one of texts. Wrong ones are
    reported (VAL5xx) and left out.
    """
    options: dict[str, Any] = {}
    given: dict[str, ast.Name] = {}
    for argument in block.options:
        name = argument.name
        if name is None:
            hint = 'such as `@async(queue: "mail")`'
            problems.error("VAL500", argument.span, "an option of `@async` needs its name", hint)
        elif name.text not in _OPTIONS:
            _report_unknown(name, problems)
        elif name.text in given:
            what, first = f"the option `{name.text}`", given[name.text].span
            report_twice(problems, "VAL502", name.span, what, first, "given")
        else:
            given[name.text] = name
            try:
                options[name.text] = _read(name.text, argument.value)
            except _BadValueError as bad:
                problems.error("VAL501", argument.value.span, bad.message, bad.hint)
    if "delay" in given and "run_at" in given:
        message = "`delay` and `run_at` both say when the job is due"
        problems.error("VAL503", given["run_at"].span, message, "keep one of them")
    if "unique_for" in given and "unique" not in given:
        hint = "say what is unique: `unique: self.id`"
        problems.error("VAL503", given["unique_for"].span, "`unique_for` needs `unique`", hint)
    return options


def _report_unknown(name: ast.Name, problems: Problems) -> None:
    meant, elsewhere = _ALIASES.get(name.text), queue_hint(name.text)
    if meant is None and elsewhere is None:
        meant = nearest(name.text, _OPTIONS)
    known = elsewhere or f"it has {', '.join(sorted(_OPTIONS))}"
    hint = f"did you mean `{meant}`?" if meant else known
    problems.error("VAL500", name.span, f"`@async` has no option `{name.text}`", hint)


def _read(name: str, value: ast.Expr) -> Any:
    if name in ("unique", "was"):
        values = value.items if isinstance(value, ast.ArrayLiteral) else (value,)
        return values if name == "unique" else tuple(_earlier_name(each) for each in values)
    try:
        constant = fold(value)
    except NotConstantError:
        if name in _EXPRESSIONS:
            return value
        is_word = isinstance(value, ast.NameRef) and name in _TEXTS
        raise _BadValueError(
            f"`{name}` must be a constant: it is part of the job type",
            f'write `{name}: "{value.span.text}"`' if is_word else None,
        ) from None
    return _OPTIONS[name](constant)


def _text(value: Constant, what: str) -> str:
    if not isinstance(value, str):
        raise _BadValueError(f"{what} must be a string")
    if not value or not value.isprintable():
        raise _BadValueError(f"{what} must be a text of printable characters")
    if len(value.encode(errors="replace")) > MAX_NAME_BYTES:
        raise _BadValueError(f"{what} has at most {MAX_NAME_BYTES} bytes")
    return value


def _name(value: Constant) -> str:
    name = _text(value, "the name of a job type")
    if not _NAME.fullmatch(name):
        raise _BadValueError(
            "the name of a job type has letters, digits, `_` and `-` only",
            "it becomes the last part of the job type: `user.after_create.welcome`",
        )
    return name


def _earlier_name(node: ast.Expr) -> str:
    name = constant_text(node)
    hint = 'such as `was: "email_send"`, or the whole name of a type: `"user.after_create.welcome"`'
    if name is None:
        raise _BadValueError("an earlier name of a job type is a string", hint)
    if "." in name:
        return _text(name, "the name of a job type")
    if not _NAME.fullmatch(name):
        raise _BadValueError(f'"{name}" is no name of a job type', hint)
    return name


def _priority(value: Constant) -> int:
    names = ", ".join(f'"{name}"' for name in PRIORITIES)
    if isinstance(value, str) and value not in PRIORITIES:
        hint = f"it is {names}, or a number from 0 to 100"
        hint = did_you_mean(value, PRIORITIES, '"{}"') or hint
        raise _BadValueError(f'there is no priority "{value}"', hint)
    number = PRIORITIES[value] if isinstance(value, str) else value
    if not _is_int(number) or not 0 <= number <= 100:
        raise _BadValueError(f"a priority is {names}, or a number from 0 to 100")
    return number


def _max_attempts(value: Constant) -> int:
    if not _is_int(value) or not 1 <= value <= 1000:
        raise _BadValueError("`max_attempts` is a whole number from 1 to 1000")
    return value


def _backoff(value: Constant) -> str:
    if isinstance(value, str) and value in _BACKOFFS:
        return value
    hint = did_you_mean(value, _BACKOFFS, '"{}"') if isinstance(value, str) else None
    raise _BadValueError('`backoff` is "exponential", "linear" or "constant"', hint)


def _delay(value: Constant) -> float:
    if not isinstance(value, Seconds):
        hint = f"say the unit: `{value}.seconds`" if _is_int(value) else "such as `10.minutes`"
        raise _BadValueError("a duration is expected here", hint)
    if not 0 <= value.value <= _MAX_DURATION:
        raise _BadValueError("the duration must be positive and at most a hundred years")
    return float(value.value)


def _duration(value: Constant) -> float:
    if not (seconds := _delay(value)):
        raise _BadValueError("the duration must be more than nothing")
    return seconds


def _moment(value: Constant) -> Any:
    raise _BadValueError("`run_at` is a timestamp", "such as `Time.now() + 1.hour`")


def _is_int(value: Constant) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


_OPTIONS: dict[str, Callable[[Constant], Any]] = {
    "name": _name,
    "queue": lambda value: _text(value, "the name of a queue"),
    "priority": _priority,
    "max_attempts": _max_attempts,
    "backoff": _backoff,
    "base": _duration,
    "timeout": _duration,
    "delay": _delay,
    "run_at": _moment,
    "unique": lambda value: value,
    "unique_for": _duration,
    "was": lambda value: value,
}
"""What checks a constant, and gives the option's value."""

_EXPRESSIONS = ("delay", "run_at")
"""The options that may be any other expression, which is evaluated at the enqueue."""

_TEXTS = ("name", "queue", "priority", "backoff")
