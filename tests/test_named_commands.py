"""The commands that messages, docstrings and documents name exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from conduit_runtime.cli import commands as conduit_jobs

from conduit_async.cli.commands import conduitc

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS: dict[str, click.Command] = {"conduitc": conduitc, "conduit-jobs": conduit_jobs}
NAMED = re.compile(r"(?<![\w/-])(conduitc|conduit-jobs) ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")


def texts(path: Path) -> Iterator[str]:
    """The texts of a file: the strings of a module, the code of a document."""
    text = path.read_text("utf-8")
    if path.suffix == ".md":
        yield from re.findall(r"`[^`\n]+`", text)
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from re.findall(r"`[^`]+`", node.value)


def is_command(program: str, *words: str) -> bool:
    command = PROGRAMS[program]
    for word in words:
        if not isinstance(command, click.Group):
            return True  # an argument
        found = command.get_command(click.Context(command), word)
        if found is None:
            return False
        command = found
    return True


@pytest.mark.parametrize(
    "folder", ["conduit_async", "runtime/conduit_runtime", "runtime/conduit_dashboard", "docs"]
)
def test_a_named_command_exists(folder: str) -> None:
    named = {
        match.groups()
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".md")
        for text in texts(path)
        for match in NAMED.finditer(text)
    }
    assert named or folder.endswith("dashboard")
    assert not {words for words in named if not is_command(*filter(None, words))}
