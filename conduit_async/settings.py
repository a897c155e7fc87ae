"""Reads the configuration of a project: TOML text → `Config`, every mistake a diagnostic."""

import keyword
import re
import tomllib
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeGuard

from .breaking.finding import CODES
from .config import BACKOFFS, PRIORITIES, BreakingLevel, Config, Defaults
from .diagnostics import Problems
from .names import is_name, is_table_name
from .source import Source, Span
from .suggest import did_you_mean

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*\.?\s*(second|minute|hour|day|week|[smhdw])s?")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_TOML_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_settings(source: Source, problems: Problems) -> Config | None:
    """The configuration in `pyproject.toml` or `conduit.toml`; None when there is none.

    Of a `pyproject.toml`, only the table `[tool.conduit]` is read. What is wrong is reported
    as VAL510 (no TOML), VAL511 (unknown key) or VAL512 (bad value) and left at its default.
    """
    is_pyproject = source.path.rpartition("/")[2] == "pyproject.toml"
    if is_pyproject and "conduit" not in source.text:
        return None
    try:
        table = tomllib.loads(source.text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        _report_toml(error, source, problems)
        return None
    if is_pyproject:
        tools = table.get("tool")
        if not isinstance(tools, dict) or "conduit" not in tools:
            return None
        table = tools["conduit"]
        if not isinstance(table, dict):
            problems.error("VAL512", _key_span(source, "conduit"), "`tool.conduit` must be a table")
            return None
    return _config(table, source, problems)


def check_config(config: Config, problems: Problems) -> None:
    """Report values of a configuration that no file could hold (VAL512)."""
    if config.origin is None:
        _config(_as_table(asdict(config)), Source("configuration", ""), problems)


def _as_table(values: dict[str, Any]) -> dict[str, Any]:
    """Values as TOML has them: without None and tuples."""
    table: dict[str, Any] = {}
    for key, value in values.items():
        if key == "defaults":
            table[key] = _as_table(value)
        elif key == "breaking":
            table[key] = [_as_table(each) for each in value]
        elif value is not None and value != ():
            table[key] = list(value) if isinstance(value, tuple) else value
    return table


def _report_toml(error: Exception, source: Source, problems: Problems) -> None:
    message = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it nests too deep"
    offset = 0
    if (position := _TOML_POSITION.search(message)) is not None:
        message = message[: position.start()]
        offset = len(source.text)
        if position[1] is not None:
            lines = source.text.split("\n")
            offset = (
                sum(len(line) + 1 for line in lines[: int(position[1]) - 1]) + int(position[2]) - 1
            )
    offset = min(offset, len(source.text))
    problems.error("VAL510", Span(source, offset, offset), f"this is not valid TOML: {message}")


def setting_span(config: Config, key: str) -> Span:
    """Where a configuration has a key."""
    return _key_span(config.origin or Source("configuration", ""), key)


def _key_span(source: Source, key: str) -> Span:
    """The span of a key. TOML's parser has none, so it is the first text that could be the key."""
    name = rf"[\"']?({re.escape(key)})[\"']?"
    for pattern in (rf"(?<![\w-]){name}\s*=", rf"^\s*\[+(?:[^\]\n]*\.)?{name}\]"):
        if found := re.search(pattern, source.text, re.MULTILINE):
            return Span(source, *found.span(1))
    return Span(source, 0, 0)


def _config(table: dict[str, Any], source: Source, problems: Problems) -> Config:
    values = _values(table, _KEYS, "the configuration", source, problems)
    given = values.pop("defaults", {})
    found = _values(given, _DEFAULTS, "`defaults`", source, problems)
    if "per" in found and "rate_limit" not in given:
        message = "`per` needs `rate_limit`: how many jobs may start in that time"
        problems.error("VAL512", _key_span(source, "per"), message)
    defaults = Defaults(**found)
    return Config(**values, defaults=defaults, origin=source)


def _values(
    table: dict[str, Any],
    known: dict[str, Callable[[Any], Any]],
    where: str,
    source: Source,
    problems: Problems,
) -> dict[str, Any]:
    values = {}
    for key, value in table.items():
        if key not in known:
            hint = did_you_mean(key, known) or f"it has {', '.join(sorted(known))}"
            problems.error("VAL511", _key_span(source, key), f"{where} has no key `{key}`", hint)
            continue
        try:
            values[key] = known[key](value)
        except _BadValueError as bad:
            problems.error("VAL512", _key_span(source, key), f"`{key}` must be {bad}")
    return values


class _BadValueError(Exception):
    pass


def _require(holds: object, what: str) -> None:
    if not holds:
        raise _BadValueError(what)


def _text(value: Any) -> Any:
    _require(
        isinstance(value, str) and value.isprintable() and value, "a text of printable characters"
    )
    return value


def _texts(value: Any) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    is_list = isinstance(texts, list) and all(isinstance(text, str) and text for text in texts)
    _require(is_list, "a list of texts")
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


def _priority(value: Any) -> Any:
    number = PRIORITIES.get(value, value) if isinstance(value, str) else value
    what = '"low", "normal", "high", "urgent", or a number from 0 to 100'
    _require(_is_int(number) and 0 <= number <= 100, what)
    return number


def _attempts(value: Any) -> Any:
    _require(_is_int(value) and 1 <= value <= 1000, "a whole number from 1 to 1000")
    return value


def _backoff(value: Any) -> Any:
    _require(value in BACKOFFS, '"exponential", "linear" or "constant"')
    return value


def _count(value: Any) -> Any:
    _require(_is_int(value) and 1 <= value < 2**31, f"a whole number from 1 to {2**31 - 1:,}")
    return value


def _period(value: Any) -> float:
    seconds = _duration(value)
    _require(0.001 <= seconds <= 365 * 86_400, "a duration from a millisecond to 365 days")
    return seconds


def _is_int(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _duration(value: Any) -> float:
    seconds = 0.0
    if isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        seconds = float(match[1]) * _UNITS[match[2][0]]
    elif isinstance(value, float) or _is_int(value):
        seconds = float(value)
    what = 'a number of seconds, or a duration such as "10.minutes"'
    _require(0 < seconds < float("inf"), what)
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
        _require(is_text, f"a list of tables, and that of {rule} needs a text as `{key}`")
    levels = ", ".join(_LEVELS)
    _require(level in _LEVELS, f"a list of tables, and the `level` of {rule} one of {levels}")
    return BreakingLevel(**entry)


def _queue(value: Any) -> Any:
    _require(len(_text(value).encode(errors="replace")) <= 200, "a text of at most 200 bytes")
    return value


_KEYS: dict[str, Callable[[Any], Any]] = {
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
_LEVELS = ("ignore", "either", "workers-first", "web-first", "drain-first")
_DEFAULTS: dict[str, Callable[[Any], Any]] = {
    "queue": _queue,
    "priority": _priority,
    "max_attempts": _attempts,
    "backoff": _backoff,
    "base": _duration,
    "timeout": _duration,
    "concurrency": _count,
    "rate_limit": _count,
    "per": _period,
}
