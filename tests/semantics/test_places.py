"""A hostile text gives a diagnostic, or a package that runs nothing when it is imported.

That holds in every place of a source and of the configuration that takes a text.
"""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from places import RULES, VALUES, Place, places, source
from probe import check_types

from conduit_async import assets
from conduit_async.compiler import compile, diagnose
from conduit_async.config import Config
from conduit_async.diagnostics import Diagnostic, Problems
from conduit_async.render import as_json, as_sarif, as_text
from conduit_async.settings import read_settings
from conduit_async.source import Source

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("places")]

TAKES_TEXT = re.compile(
    r"\b(?:NAME|ENUM|LABEL|PREDICATE|MUTATOR|SYMBOL|REGEX|STRING|TEXT|key|(?:\w+_)?name)\b"
)
UNKNOWN = {"SEM200", "SEM202", "SEM203", "SEM204", "SYN006", "SYN015", "VAL500", "VAL501"}
"""The diagnostic codes for a name that is not declared."""
ELSEWHERE = {"breaking", "connection", "defaults", "origin", "out", "sources", "upcasters"}
"""Keys whose texts do not reach the package, or reach it only as a checked name."""


def test_every_rule_of_the_grammar_that_takes_a_text_has_a_place() -> None:
    grammar = assets.read("grammar/conduit.lark").partition("// Names")[0]
    rules = re.findall(r"^\??([a-z_]+) *:((?:.*\n)(?:[ ?]*\|.*\n)*)", grammar, re.MULTILINE)
    taking = {name for name, body in rules if TAKES_TEXT.search(re.sub(r'"[^"]*"|->.*', "", body))}
    assert taking <= RULES


def test_every_place_is_one() -> None:
    for place in places():
        found = errors(diagnose({"a.conduit": source([place], "marked")}))
        assert {each.code for each in found} <= UNKNOWN, source([place], "marked")


def test_every_text_of_the_configuration_has_a_place() -> None:
    texts = {field.name for field in fields(Config)} - ELSEWHERE
    names = {name for name, _ in configurations("a")}
    assert names == texts | {"queue"}


def test_a_module_with_upcasters_has_a_name_that_can_be_imported() -> None:
    for value in VALUES.values():
        if takes(source([], ""), Config(upcasters=value)):
            assert re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", value), value


@pytest.fixture(scope="module")
def written(packages: Path) -> list[Path]:
    """A package for each hostile text, which stands in all the places that accept it."""
    found = []
    for name, value in VALUES.items():
        config = configured(value)
        output = compile({f"{value}.conduit": source(taking(value, config), value)}, config)
        assert not errors(output.diagnostics), as_text(errors(output.diagnostics))
        package = packages / f"places_{name}"
        package.mkdir()
        for path, text in output.modules.items():
            ast.parse(text)
            (package / path).write_bytes(text.encode())
        found.append(package)
    return found


def taking(value: str, config: Config) -> list[Place]:
    """The places that together accept a value."""
    alone = [place for place in places() if takes(source([place], value), config)]
    if takes(source(alone, value), config):
        return alone
    together: list[Place] = []
    for place in alone:
        if takes(source([*together, place], value), config):
            together.append(place)
    return together


def configured(value: str) -> Config:
    """A configuration with a value wherever one is allowed."""
    changes: dict[str, Any] = {}
    for key, config in configurations(value):
        if takes(source([], ""), config):
            name = "defaults" if key == "queue" else key
            changes[name] = getattr(config, name)
    return Config(**changes)


def configurations(value: str) -> Iterator[tuple[str, Config]]:
    """A configuration for each place that takes a text."""
    yield "schema", Config(schema=value)
    yield "prefix", Config(prefix=value)
    yield "externs", Config(externs=(value,))
    yield "tables", Config(tables={"Last": value, value: "other"})
    yield "sensitive", Config(sensitive=(value, f"Last.{value}"))
    yield "queue", Config(defaults={"queue": value})


def takes(text: str, config: Config | None = None) -> bool:
    """Whether a source has no errors; its errors are rendered."""
    found = errors(diagnose({"a.conduit": text}, config))
    for each in found:
        assert 0 <= each.span.start <= each.span.end <= len(each.span.source.text)
    for rendered in (as_text(found), as_json(1, found), as_sarif(found)):
        assert all(char.isprintable() or char == "\n" for char in rendered), rendered
        rendered.encode()
    return not found


def errors(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    return [each for each in found if each.severity == "error"]


def test_nothing_runs_on_import(written: list[Path]) -> None:
    names = [package.name for package in written]
    script = f"import sys, importlib\nfor name in {names}: importlib.import_module(name)\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{script}assert 'ran' not in sys.modules"],
        cwd=written[0].parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_mypy_is_content(written: list[Path]) -> None:
    check_types(*written)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_a_file_says_the_same_as_python(value: str) -> None:
    """The TOML configuration gives the same result as the one from Python."""
    if any("\ud800" <= char < "\ue000" for char in value):
        return  # no file can hold it
    for key, config in configurations(value):
        given = {"queue": value} if key == "queue" else getattr(config, key)
        name = "defaults" if key == "queue" else key
        problems = Problems()
        read = read_settings(Source("conduit.toml", f"{name} = {toml(given)}\n"), problems)
        assert (read == config) == (not diagnose({}, config)), key
        assert (read == config) != problems.has_errors, key


def toml(value: object) -> str:
    """A value written as TOML."""
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key)} = {toml(each)}" for key, each in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
