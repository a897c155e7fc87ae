"""The options of an `@async` block."""

from typing import Any

from ... import ast
from ...diagnostics import Problems
from ...hints.queue_words import queue_hint
from ...job_options import ELSEWHERE, OPTIONS
from ...suggest import nearest
from ..fields import report_twice
from .option_values import BadOptionError, read_option


def read_options(block: ast.Async, problems: Problems) -> dict[str, Any]:
    """The options given, checked: constants as Python values, expressions as nodes.

    Durations are in seconds; `unique` is a tuple of expressions; `was`, `retry_on` and `discard_on`
    are tuples of strings. It reports and leaves out wrong options (VAL5xx).
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
    for name, written in given.items():
        needs = OPTIONS[name].needs
        if needs is not None and needs.option not in given:
            message = f"`{name}` needs `{needs.option}`"
            problems.error("VAL503", written.span, message, needs.hint)
    retried = options.get("retry_on", ())
    for error in options.get("discard_on", ()):
        if error in retried:
            message = f'`retry_on` and `discard_on` both name "{error}"'
            problems.error("VAL503", given["discard_on"].span, message, "keep it in one of them")


def _report_unknown(name: ast.Name, problems: Problems) -> None:
    meant, elsewhere = ELSEWHERE.get(name.text), queue_hint(name.text)
    if meant is None and elsewhere is None:
        meant = nearest(name.text, OPTIONS)
    known = elsewhere or f"it has {', '.join(sorted(OPTIONS))}"
    hint = f"did you mean `{meant}`?" if meant else known
    problems.error("VAL500", name.span, f"`@async` has no option `{name.text}`", hint)
