"""Reads the configuration of a project: TOML text → `Config`, every mistake a diagnostic."""

import re
import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from .config import PRIORITIES, Config, Defaults
from .diagnostics import Problems
from .names import is_name, is_table_name
from .source import Source, Span
from .suggest import did_you_mean

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*\.?\s*(second|minute|hour|day|week|[smhdw])s?")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_settings(source: Source, problems: Problems) -> Config | None:
    """The configuration in `pyproject.toml` or `conduit.toml`; None when there is none.

    Of a `pyproject.toml`, only the table `[tool.conduit]` is looked at. What is wrong is reported
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
            problems.error("VAL512", _place(source, "conduit"), "`tool.conduit` must be a table")
            return None
    return _Reader(source, problems).config(table)


def check_config(config: Config, problems: Problems) -> None:
    """Report values of a configuration that no file could hold (VAL512)."""
    if config.origin is None:
        _Reader(Source("configuration", ""), problems).config(_as_table(asdict(config)))


def _as_table(values: dict[str, Any]) -> dict[str, Any]:
    """Values as TOML has them: without None and tuples."""
    return {
        key: _as_table(value)
        if key == "defaults"
        else list(value)
        if isinstance(value, tuple)
        else value
        for key, value in values.items()
        if value is not None and value != () and key != "origin"
    }


def _report_toml(error: Exception, source: Source, problems: Problems) -> None:
    message = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it nests too deep"
    offset = 0
    if (place := _TOML_PLACE.search(message)) is not None:
        message = message[: place.start()]
        offset = len(source.text)
        if place[1] is not None:
            lines = source.text.split("\n")
            offset = sum(len(line) + 1 for line in lines[: int(place[1]) - 1]) + int(place[2]) - 1
    offset = min(offset, len(source.text))
    problems.error("VAL510", Span(source, offset, offset), f"this is not valid TOML: {message}")


def _place(source: Source, key: str) -> Span:
    """The span of a key. TOML's parser has none, so it is the first text that looks like it."""
    name = rf"[\"']?({re.escape(key)})[\"']?"
    for pattern in (rf"(?<![\w-]){name}\s*=", rf"^\s*\[(?:[^\]\n]*\.)?{name}\]"):
        if found := re.search(pattern, source.text, re.MULTILINE):
            return Span(source, *found.span(1))
    return Span(source, 0, 0)


class _BadValueError(Exception):
    pass


@dataclass
class _Reader:
    source: Source
    problems: Problems
    within: str = field(default="")

    def config(self, table: dict[str, Any]) -> Config:
        values = self._values(table, _KEYS, "the configuration")
        defaults = values.pop("defaults", {})
        return Config(
            **values,
            defaults=Defaults(**self._values(defaults, _DEFAULTS, "`defaults`")),
            origin=self.source,
        )

    def _values(
        self, table: dict[str, Any], known: dict[str, Callable[[Any], Any]], where: str
    ) -> dict[str, Any]:
        values = {}
        for key, value in table.items():
            if key not in known:
                self.problems.error(
                    "VAL511",
                    _place(self.source, key),
                    f"{where} has no key `{key}`",
                    did_you_mean(key, known) or f"it has {', '.join(sorted(known))}",
                )
                continue
            try:
                values[key] = known[key](value)
            except _BadValueError as bad:
                message = f"`{key}` must be {bad}"
                self.problems.error("VAL512", _place(self.source, key), message)
        return values


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise _BadValueError("a text of printable characters")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise _BadValueError("a list of texts")
    return tuple(value)


def _names(value: Any) -> tuple[str, ...]:
    names = _texts(value)
    if not all(is_name(part) for name in names for part in name.split(".")):
        raise _BadValueError("a list of names")
    return names


def _connection(value: Any) -> str:
    if value not in ("sync", "async"):
        raise _BadValueError('"sync" or "async"')
    return str(value)


def _tables(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(
        isinstance(table, str) and is_table_name(table) for table in value.values()
    ):
        raise _BadValueError('a table of resources and their tables, such as `User = "accounts"`')
    return dict(value)


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _BadValueError("a table")
    return value


def _priority(value: Any) -> int:
    if isinstance(value, str) and value in PRIORITIES:
        return PRIORITIES[value]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 100:
        raise _BadValueError('"low", "normal", "high", "urgent", or a number from 0 to 100')
    return value


def _attempts(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1000:
        raise _BadValueError("a whole number from 1 to 1000")
    return value


def _duration(value: Any) -> float:
    seconds = 0.0
    if isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        seconds = float(match[1]) * _UNITS[match[2][0]]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    if not 0 < seconds < float("inf"):
        raise _BadValueError('a number of seconds, or a duration such as "10.minutes"')
    return seconds


def _queue(value: Any) -> str:
    queue = _text(value)
    if len(queue.encode(errors="replace")) > 200:
        raise _BadValueError("a text of at most 200 bytes")
    return queue


_KEYS: dict[str, Callable[[Any], Any]] = {
    "sources": _texts,
    "out": _text,
    "connection": _connection,
    "schema": _text,
    "prefix": _text,
    "externs": _names,
    "tables": _tables,
    "sensitive": _names,
    "defaults": _table,
}
_DEFAULTS: dict[str, Callable[[Any], Any]] = {
    "queue": _queue,
    "priority": _priority,
    "max_attempts": _attempts,
    "timeout": _duration,
}
