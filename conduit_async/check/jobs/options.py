"""The options of an `@async` block."""

from collections.abc import Callable
from typing import Any

from ... import ast
from ...diagnostics import Problems
from ...hints.queue_words import queue_hint
from ...suggest import nearest
from ..constants import ConstantValue, NotConstantError, fold
from ..fields import report_twice
from . import option_values as values

_ALIASES = {
    **dict.fromkeys(("retries", "retry", "max_retries", "attempts", "tries"), "max_attempts"),
    **dict.fromkeys(("after", "in", "wait_for", "countdown", "run_in"), "delay"),
    **dict.fromkeys(("at", "when", "scheduled_at", "schedule_at", "wait_until", "eta"), "run_at"),
    **dict.fromkeys(("max_time", "expires_in", "ttl", "time_limit", "soft_time_limit"), "timeout"),
    **dict.fromkeys(("unique_by", "dedupe", "idempotency_key", "unique_key", "key"), "unique"),
    **dict.fromkeys(("batch_size", "size", "bulk", "flush_every"), "batch"),
    **dict.fromkeys(("batch_timeout", "flush_interval", "linger", "max_wait"), "wait"),
    **dict.fromkeys(("retry_in", "retry_after", "retry_delay", "interval"), "base"),
    **dict.fromkeys(("queue_as", "queue_name"), "queue"),
    **dict.fromkeys(("old_name", "renamed_from", "previously", "formerly", "aliases"), "was"),
    **dict.fromkeys(("limit", "max_concurrency", "concurrency_limit", "parallel"), "concurrency"),
    **dict.fromkeys(("rate", "ratelimit", "throttle", "max_rate", "starts"), "rate_limit"),
    **dict.fromkeys(("period", "window", "rate_period"), "per"),
    **dict.fromkeys(("autoretry_for", "retry_for", "retry_if", "retry_errors"), "retry_on"),
    **dict.fromkeys(("discard", "discard_if", "dont_autoretry_for", "fail_on"), "discard_on"),
}
"""Our options by their names in other queues."""


def read_options(block: ast.Async, problems: Problems) -> dict[str, Any]:
    """The options given, checked: constants as Python values, expressions as nodes.

    Durations are in seconds; `unique` is a tuple of expressions; `was`, `retry_on` and `discard_on`
    are tuples of texts. It reports and leaves out wrong options (VAL5xx).
    """
    options: dict[str, Any] = {}
    given: dict[str, ast.Name] = {}
    for argument in block.options:
        name = argument.name
        if name is None:
            hint = 'such as `@async(queue: "mail")`'
            problems.error("VAL500", argument.span, "an option of `@async` needs its name", hint)
        elif name.text not in _NAMES:
            _report_unknown(name, problems)
        elif name.text in given:
            what, first = f"the option `{name.text}`", given[name.text].span
            report_twice(problems, "VAL502", name.span, what, first, "given")
        else:
            given[name.text] = name
            try:
                options[name.text] = _read(name.text, argument.value)
            except values.BadOptionError as bad:
                problems.error("VAL501", argument.value.span, bad.message, bad.hint)
    if "delay" in given and "run_at" in given:
        message = "`delay` and `run_at` both say when the job is due"
        problems.error("VAL503", given["run_at"].span, message, "keep one of them")
    if "unique_for" in given and "unique" not in given:
        hint = "say what is unique: `unique: self.id`"
        problems.error("VAL503", given["unique_for"].span, "`unique_for` needs `unique`", hint)
    if "wait" in given and "batch" not in given:
        hint = "say how many jobs one call takes, `batch: 100`; to start later: `delay: 10.minutes`"
        problems.error("VAL503", given["wait"].span, "`wait` needs `batch`", hint)
    elif options.get("wait", 0) > values.LONGEST_WAIT:
        message = "the jobs of a batch wait for each other for 5 minutes at most"
        problems.error("VAL501", given["wait"].span, message)
    if "per" in given and "rate_limit" not in given:
        hint = "say how many jobs may start: `rate_limit: 100, per: 1.minute`"
        problems.error("VAL503", given["per"].span, "`per` needs `rate_limit`", hint)
    retried = options.get("retry_on", ())
    for error in options.get("discard_on", ()):
        if error in retried:
            message = f'`retry_on` and `discard_on` both name "{error}"'
            problems.error("VAL503", given["discard_on"].span, message, "keep it in one of them")
    return options


def _report_unknown(name: ast.Name, problems: Problems) -> None:
    meant, elsewhere = _ALIASES.get(name.text), queue_hint(name.text)
    if meant is None and elsewhere is None:
        meant = nearest(name.text, _NAMES)
    known = elsewhere or f"it has {', '.join(_NAMES)}"
    hint = f"did you mean `{meant}`?" if meant else known
    problems.error("VAL500", name.span, f"`@async` has no option `{name.text}`", hint)


def _read(name: str, value: ast.Expr) -> Any:
    if name in _NODES:
        return _NODES[name](value)
    try:
        constant = fold(value)
    except NotConstantError:
        if name in _EXPRESSIONS:
            return value
        is_word = isinstance(value, ast.NameRef) and name in _TEXTS
        raise values.BadOptionError(
            f"`{name}` must be a constant: it is part of the job type",
            f'write `{name}: "{value.span.text}"`' if is_word else None,
        ) from None
    return _OPTIONS[name](constant)


_OPTIONS: dict[str, Callable[[ConstantValue], Any]] = {
    "name": values.name,
    "queue": lambda value: values.text(value, "the name of a queue"),
    "priority": values.priority,
    "max_attempts": values.max_attempts,
    "backoff": values.backoff,
    "base": values.duration,
    "timeout": values.duration,
    "concurrency": lambda value: values.count(value, "concurrency"),
    "rate_limit": lambda value: values.count(value, "rate_limit"),
    "per": values.period,
    "batch": values.size,
    "wait": values.duration,
    "delay": values.delay,
    "run_at": values.moment,
    "unique_for": values.duration,
}
"""The functions that check a constant and return the option's value."""

_NODES: dict[str, Callable[[ast.Expr], Any]] = {
    "unique": lambda node: node.items if isinstance(node, ast.ArrayLiteral) else (node,),
    "was": values.earlier_names,
    "retry_on": values.error_types,
    "discard_on": values.error_types,
}
"""The functions that read an option that may be a list."""

_NAMES = sorted({*_OPTIONS, *_NODES})

_EXPRESSIONS = ("delay", "run_at")
"""Options that may be an expression, which is evaluated when the job is enqueued."""

_TEXTS = ("name", "queue", "priority", "backoff")
