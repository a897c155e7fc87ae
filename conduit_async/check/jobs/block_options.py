"""The options of an `@async` block, each with its checked value."""

import builtins
import re
from collections.abc import Sequence
from typing import Any

from ... import ast
from ...diagnostics import Problems
from ...hints.queue_words import queue_hint
from ...job_options import (
    ELSEWHERE,
    MAX_NAME_BYTES,
    OPTIONS,
    Choice,
    Duration,
    ErrorNames,
    Flag,
    Moment,
    Option,
    Size,
    StepNames,
    Text,
    TypeName,
    TypeNames,
    Values,
    WholeNumber,
)
from ...suggest import did_you_mean, nearest
from ..constants import ConstantValue, NotConstantError, Seconds, fold
from ..fields import report_twice


def read_options(block: ast.Async, problems: Problems) -> dict[str, Any]:
    """The options given, checked: constants as Python values, expressions as nodes.

    Durations are in seconds; `key` and `unique` are tuples of expressions; `was`, `retry_on` and
    `discard_on` are tuples of strings; `steps_were` is a dictionary. It reports and leaves out
    wrong options (VAL5xx).
    """
    options: dict[str, Any] = {}
    given: dict[str, ast.Name] = {}
    for argument in block.options:
        name = argument.name
        if name is None:
            hint = 'such as `@async(queue: "mail")`'
            problems.error("VAL500", argument.span, "an option of `@async` needs its name", hint)
        elif name.text not in OPTIONS:
            _report_unknown(name, problems)
        elif name.text in given:
            what, first = f"the option `{name.text}`", given[name.text].span
            report_twice(problems, "VAL502", name.span, what, first, "given")
        else:
            given[name.text] = name
            try:
                options[name.text] = read_option(OPTIONS[name.text], argument.value)
            except BadOptionError as bad:
                if not _is_useless(name.text, block):
                    problems.error("VAL501", argument.value.span, bad.message, bad.hint)
    _report_contradictions(given, options, problems)
    return options


def _is_useless(name: str, block: ast.Async) -> bool:
    """Whether the option that this one needs is missing, which is reported instead of its value."""
    needs = OPTIONS[name].needs
    given = [each.name.text for each in block.options if each.name is not None]
    return needs is not None and needs.option not in given


def _report_contradictions(
    given: dict[str, ast.Name], options: dict[str, Any], problems: Problems
) -> None:
    if "delay" in given and "run_at" in given:
        message = "`delay` and `run_at` both say when the job is due"
        problems.error("VAL503", given["run_at"].span, message, "keep one of them")
    if options.get("isolated") and "batch" in given:
        message = "a call of a batch serves many jobs, so `isolated` cannot end one of them"
        problems.error("VAL503", given["isolated"].span, message, "keep one of them")
    if options.get("ordered") and options.get("key_concurrency", 1) > 1:
        message = (
            "`ordered` runs the jobs of a key one at a time, so `key_concurrency` lets no more run"
        )
        problems.error("VAL503", given["key_concurrency"].span, message, "keep one of them")
    if options.get("replace") or "debounce" in given:
        _report_with_debounce(given, problems)
    for name, written in given.items():
        needs = OPTIONS[name].needs
        if needs is not None and (needs.option not in given or options.get(needs.option) is False):
            message = f"`{name}` needs `{needs.option}`"
            problems.error("VAL503", written.span, message, needs.hint)
    retried = options.get("retry_on", ())
    for error in options.get("discard_on", ()):
        if error in retried:
            message = f'`retry_on` and `discard_on` both name "{error}"'
            problems.error("VAL503", given["discard_on"].span, message, "keep it in one of them")


def _report_with_debounce(given: dict[str, ast.Name], problems: Problems) -> None:
    if "unique_for" in given:
        message = "`unique_for` keeps a value taken when its job has ended, so nothing is replaced"
        problems.error("VAL503", given["unique_for"].span, message, "leave it out")
    for name in ("delay", "run_at"):
        if name in given and "debounce" in given:
            message = f"`debounce` and `{name}` both say when the job is due"
            problems.error("VAL503", given[name].span, message, "keep one of them")


def _report_unknown(name: ast.Name, problems: Problems) -> None:
    meant, elsewhere = ELSEWHERE.get(name.text), queue_hint(name.text)
    if meant is None and elsewhere is None:
        meant = nearest(name.text, OPTIONS)
    known = elsewhere or f"it has {', '.join(sorted(OPTIONS))}"
    hint = f"did you mean `{meant}`?" if meant else known
    problems.error("VAL500", name.span, f"`@async` has no option `{name.text}`", hint)


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
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


def read_option(option: Option, node: ast.Expr) -> Any:
    """Return the value of an option; raises `BadOptionError`.

    A constant becomes its Python value. An expression that each enqueue evaluates stays a node,
    and those of `key` and `unique` tuples of nodes.
    """
    match option.form:
        case Values():
            if not (values := tuple(_items(node))):
                raise BadOptionError(f"`{option.name}` needs a value", "name one, or leave it out")
            return values
        case TypeNames():
            return tuple(map(_earlier_name, _items(node)))
        case StepNames():
            return _earlier_steps(node)
        case ErrorNames():
            return _error_types(node)
    try:
        constant = fold(node)
    except NotConstantError:
        if option.role == "enqueue" and option.needs is None:
            return node
        is_word = isinstance(node, ast.NameRef) and _may_be_text(option)
        raise BadOptionError(
            f"`{option.name}` must be a constant: it is part of the job type",
            f'write `{option.name}: "{node.span.text}"`' if is_word else None,
        ) from None
    return _constant(option, constant)


def _may_be_text(option: Option) -> bool:
    form = option.form
    return isinstance(form, TypeName | Text | Choice) or (
        isinstance(form, WholeNumber) and bool(form.names)
    )


def _constant(option: Option, value: ConstantValue) -> Any:
    match option.form:
        case Text(what):
            return _text(value, what)
        case TypeName():
            return _type_name(value)
        case WholeNumber() as form:
            return _whole_number(option.name, form, value)
        case Choice() as form:
            if isinstance(value, str) and value in form.values:
                return value
            hint = did_you_mean(value, form.values, '"{}"') if isinstance(value, str) else None
            raise BadOptionError(f"`{option.name}` is {form}", hint)
        case Size() as form:
            if value in form:
                return value
            raise BadOptionError(f"`{option.name}` is a number of bytes", 'such as `"512MB"`')
        case Duration() as form:
            return _duration(form, value)
        case Flag():
            if isinstance(value, bool):
                return value
            raise BadOptionError(f"`{option.name}` is `true` or `false`")
        case Moment():
            message = f"`{option.name}` is a timestamp"
            raise BadOptionError(message, "such as `Time.now() + 1.hour`")
    raise LookupError(f"no constant is a value of `{option.name}`")


def _text(value: ConstantValue, what: str) -> str:
    if not isinstance(value, str):
        raise BadOptionError(f"{what} must be a string")
    if not value or not value.isprintable():
        raise BadOptionError(f"{what} must be a string of printable characters")
    if len(value.encode(errors="replace")) > MAX_NAME_BYTES:
        raise BadOptionError(f"{what} has at most {MAX_NAME_BYTES} bytes")
    return value


def _type_name(value: ConstantValue) -> str:
    given = _text(value, "the name of a job type")
    if not _NAME.fullmatch(given):
        raise BadOptionError(
            "the name of a job type has letters, digits, `_` and `-` only",
            "it becomes the last part of the job type: `user.after_create.welcome`",
        )
    return given


def _earlier_name(node: ast.Expr) -> str:
    given = ast.constant_text(node)
    hint = 'such as `was: "email_send"`, or the whole name of a type: `"user.after_create.welcome"`'
    if given is None:
        raise BadOptionError("an earlier name of a job type is a string", hint)
    if "." in given:
        return _text(given, "the name of a job type")
    if not _NAME.fullmatch(given):
        raise BadOptionError(f'"{given}" is not a valid job type name', hint)
    return given


def _earlier_steps(node: ast.Expr) -> dict[str, str]:
    hint = 'such as `steps_were: { "billing.invoice": "payments.charge" }`'
    if not isinstance(node, ast.HashLiteral):
        raise BadOptionError("the earlier names of steps are a hash", hint)
    found: dict[str, str] = {}
    for entry in node.entries:
        now, earlier = ast.constant_text(entry.key), ast.constant_text(entry.value)
        if not now or not earlier:
            raise BadOptionError("a name of a step is a string", hint)
        if now in found or earlier in found.values():
            twice = now if now in found else earlier
            raise BadOptionError(f'"{twice}" is given twice', "a step has one earlier name")
        if _is_loop(now) is not _is_loop(earlier):
            raise BadOptionError(f'"{now}" cannot have been "{earlier}"', "only one is a loop")
        found[now] = earlier
    return found


def _is_loop(step: str) -> bool:
    return step.rpartition("/")[2].startswith("for ")


def _error_types(node: ast.Expr) -> tuple[str, ...]:
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
        raise BadOptionError(f'"{given}" is not the type of an error', 'such as `"TimeoutError"`')
    if given in _NO_ERRORS:
        hint = "it names what `rescue` catches: `Exception` and what derives from it"
        raise BadOptionError(f"`{given}` ends a job in a way of its own", hint)
    return given


def _items(node: ast.Expr) -> Sequence[ast.Expr]:
    return node.items if isinstance(node, ast.ArrayLiteral) else (node,)


def _whole_number(name: str, form: WholeNumber, value: ConstantValue) -> int:
    if isinstance(value, str) and form.names and value not in form.names:
        hint = did_you_mean(value, form.names, '"{}"') or f"it is {form}"
        raise BadOptionError(f'there is no {name} "{value}"', hint)
    number = form.names.get(value) if isinstance(value, str) else value
    if type(number) is not int or number not in form:
        raise BadOptionError(f"`{name}` is {form}")
    return number


def _duration(form: Duration, value: ConstantValue) -> float:
    if not isinstance(value, Seconds):
        hint = f"say the unit: `{value}.seconds`" if type(value) is int else "such as `10.minutes`"
        raise BadOptionError("a duration is expected here", hint)
    seconds = float(value.value)
    if seconds == 0 and not form.may_be_zero:
        raise BadOptionError("the duration must be more than nothing")
    if seconds not in form:
        default = "the duration must be positive and at most a hundred years"
        raise BadOptionError(
            f"a duration {form.bounds} is expected here" if form.bounds else default
        )
    return seconds
