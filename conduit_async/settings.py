"""Reads the configuration of a project from TOML; each mistake becomes a diagnostic."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .config import Config
from .diagnostics import Problems
from .job_options import OPTIONS
from .setting_values import DEFAULTS, KEYS, BadSettingError, Reader
from .source import Source, Span
from .suggest import did_you_mean

_TOML_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_settings(source: Source, problems: Problems) -> Config | None:
    """Return the configuration in `pyproject.toml` or `conduit.toml`; None when there is none.

    It reads only the table `[tool.conduit]` of a `pyproject.toml`. It reports a text that is not
    TOML (VAL510), an unknown key (VAL511) and a bad value (VAL512), which keeps its default.
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
    """Report bad values (VAL512) of a configuration that was not read from a file."""
    if config.origin is None:
        _config(_as_table(asdict(config)), Source("configuration", ""), problems)


def _as_table(values: dict[str, Any]) -> dict[str, Any]:
    """Return values as TOML has them, without None and tuples."""
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
        message, offset = message[: position.start()], len(source.text)
        if position[1] is not None:
            offset = source.offset(int(position[1]), int(position[2]))
    problems.error("VAL510", Span(source, offset, offset), f"this is not valid TOML: {message}")


def setting_span(config: Config, key: str) -> Span:
    """Return the span of a key in the file of a configuration."""
    return _key_span(config.origin or Source("configuration", ""), key)


def _key_span(source: Source, key: str) -> Span:
    """The span of the first text that could be a key, since TOML's parser gives no positions."""
    name = rf"[\"']?({re.escape(key)})[\"']?"
    for pattern in (rf"(?<![\w-]){name}\s*=", rf"^\s*\[+(?:[^\]\n]*\.)?{name}\]"):
        if found := re.search(pattern, source.text, re.MULTILINE):
            return Span(source, *found.span(1))
    return Span(source, 0, 0)


def _config(table: dict[str, Any], source: Source, problems: Problems) -> Config:
    values = _values(table, KEYS, "the configuration", source, problems)
    given = values.pop("defaults", {})
    found = _values(given, DEFAULTS, "`defaults`", source, problems)
    for name in found:
        needs = OPTIONS[name].needs
        if needs is not None and needs.option not in given:
            message = f"`{name}` needs `{needs.option}`"
            problems.error("VAL512", _key_span(source, name), message)
    return Config(**values, defaults=found, origin=source)


def _values(
    table: dict[str, Any],
    known: Mapping[str, Reader],
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
        except BadSettingError as bad:
            problems.error("VAL512", _key_span(source, key), f"`{key}` must be {bad}")
    return values
