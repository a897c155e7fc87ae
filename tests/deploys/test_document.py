"""The stories of docs/deploying.md happen as they are told.

Each section runs in a folder of its own, after the section with the example. A block behind a line
such as "`app/web.py`:" is a file; in a block of commands, `…` stands for any text.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs/deploying.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL))
EXAMPLE = "The example"
_BLOCK = re.compile(r"(?:^`([\w./]+)`[^\n]*:\n\n)?^```(\w+)\n(.*?)^```", re.M | re.S)
_COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.M)


def told(section: str) -> Iterator[tuple[str, str]]:
    """What a section does: ("write FILE", its text) or (a command, its output)."""
    for path, language, text in _BLOCK.findall(SECTIONS[section]):
        if language == "console":
            yield from _COMMAND.findall(text)
        else:
            yield f"write {path}", text


@pytest.mark.parametrize("section", [each for each in SECTIONS if "```" in SECTIONS[each]])
def test_a_story(
    section: str, tmp_path: Path, empty_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = [str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = {**os.environ, "DATABASE_URL": empty_dsn, "PATH": os.pathsep.join(paths)}
    for step, text in [*told(EXAMPLE), *(told(section) if section != EXAMPLE else ())]:
        if step.startswith("write "):
            path = tmp_path / step.removeprefix("write ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        else:
            check(step, text, run(step, environment))


def run(command: str, environment: dict[str, str]) -> str:
    """What a command prints, on both streams."""
    done = subprocess.run(
        shlex.split(command),
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    return done.stdout


def check(command: str, expected: str, printed: str) -> None:
    """Compare what was printed with what is told."""
    pattern = ".*".join(map(re.escape, expected.split("…")))
    assert re.fullmatch(pattern, printed, re.S), f"$ {command}\n{printed}"
