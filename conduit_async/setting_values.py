"""The values that each key of the configuration may hold."""

import keyword
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

from .breaking.finding import CODES
from .config import BreakingLevel
from .job_options import (
    MAX_NAME_BYTES,
    OPTIONS,
    Choice,
    Duration,
    Option,
    Text,
    WholeNumber,
)
from .names import is_name, is_table_name

Reader: TypeAlias = Callable[[Any], Any]
"""Turns a value of TOML into one of the configuration; raises `BadSettingError`."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*\.?\s*(second|minute|hour|day|week|[smhdw])s?")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LEVELS = ("ignore", "either", "workers-first", "web-first", "drain-first")


class BadSettingError(Exception):
    """A value is not what it must be; the message says what it must be."""


def _require(holds: object, what: str) -> None:
    if not holds:
        raise BadSettingError(what)


def _text(value: Any) -> Any:
    _require(
        isinstance(value, str) and value.isprintable() and value, "a string of printable characters"
    )
    return value


def _texts(value: Any) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    is_list = isinstance(texts, list) and all(isinstance(text, str) and text for text in texts)
    _require(is_list, "a list of strings")
    return tuple(texts)


def _names(value: Any) -> tuple[str, ...]:
    names = _texts(value)
    _require(all(is_name(part) for name in names for part in name.split(".")), "a list of names")
    return names


def _module(value: Any) -> Any:
    are_names = isinstance(value, str) and all(
        part.isidentifier() and not keyword.iskeyword(part) for part in value.split(".")
    )
    _require(are_names, 'the name of a Python module, such as "app.upcasters"')
    return value


def _connection(value: Any) -> Any:
    _require(value in ("sync", "async"), '"sync" or "async"')
    return value


def _table(value: Any) -> dict[str, Any]:
    _require(isinstance(value, dict), "a table")
    return dict(value)


def _tables(value: Any) -> dict[str, str]:
    names = value.values() if isinstance(value, dict) else [None]
    are_names = all(isinstance(name, str) and is_table_name(name) for name in names)
    _require(are_names, 'a table of resources and their tables, such as `User = "accounts"`')
    return dict(value)


def _seconds(value: Any) -> float:
    seconds = 0.0
    if isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        seconds = float(match[1]) * _UNITS[match[2][0]]
    elif type(value) in (int, float):
        seconds = float(value)
    what = 'a number of seconds, or a duration such as "10.minutes"'
    _require(0 < seconds < float("inf"), what)
    return seconds


def option_setting(option: Option) -> Reader:
    """Return what reads an option of `defaults`."""
    match option.form:
        case Text():
            return _name
        case WholeNumber() as form:
            return partial(_whole_number, form)
        case Choice() as form:
            return partial(_choice, form)
        case Duration() as form:
            return partial(_duration, form)
    raise LookupError(f"`defaults` cannot hold `{option.name}`")


def _name(value: Any) -> Any:
    is_short = len(_text(value).encode(errors="replace")) <= MAX_NAME_BYTES
    _require(is_short, f"a string of at most {MAX_NAME_BYTES} bytes")
    return value


def _whole_number(form: WholeNumber, value: Any) -> Any:
    number = form.names.get(value, value) if isinstance(value, str) else value
    _require(type(number) is int and number in form, str(form))
    return number


def _choice(form: Choice, value: Any) -> Any:
    _require(value in form.values, str(form))
    return value


def _duration(form: Duration, value: Any) -> float:
    seconds = _seconds(value)
    _require(seconds in form, f"a duration {form.bounds or 'of at most a hundred years'}")
    return seconds


def _levels(value: Any) -> tuple[BreakingLevel, ...]:
    entries = [value] if isinstance(value, dict) else value
    _require(isinstance(entries, list), "a list of tables with `rule` and `reason`")
    return tuple(map(_level, entries))


def _level(entry: Any) -> BreakingLevel:
    what = "a list of tables with `rule` and `reason`, and perhaps `job` and `level`"
    known = {"rule", "reason", "job", "level"}
    _require(isinstance(entry, dict) and entry.keys() <= known and "rule" in entry, what)
    rule, level = entry["rule"], entry.get("level", "ignore")
    unknown = f"about rules, and `{rule}` is none: `conduitc explain` lists all"
    _require(isinstance(rule, str) and rule in CODES, unknown)
    for key in ("reason", "job"):
        given = entry.get(key, "" if key == "reason" else "any")
        is_text = isinstance(given, str) and given.strip() and given.isprintable()
        _require(is_text, f"a list of tables, and that of {rule} needs a string as `{key}`")
    levels = ", ".join(_LEVELS)
    _require(level in _LEVELS, f"a list of tables, and the `level` of {rule} one of {levels}")
    return BreakingLevel(**entry)


KEYS: Mapping[str, Reader] = {
    "sources": _texts,
    "out": _text,
    "connection": _connection,
    "schema": _text,
    "prefix": _text,
    "externs": _names,
    "tables": _tables,
    "sensitive": _names,
    "upcasters": _module,
    "defaults": _table,
    "breaking": _levels,
}
"""The keys of the configuration."""

DEFAULTS: Mapping[str, Reader] = {
    name: option_setting(option) for name, option in OPTIONS.items() if option.is_configurable
}
"""The keys of `defaults`."""
