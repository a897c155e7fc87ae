"""Each folder in `cases` is a compilation: sources, and the expected output.

The `*.conduit` files are compiled together. Settings come from `conduit.toml`, upcasters from
`upcasters.txt`, and the package's lock from `jobs.lock`, if these files exist. Only if there is a
`jobs.lock`, the new lock is part of the expected output. `diagnostics.txt` holds the diagnostics as
a terminal shows them; without the file there are none. `expected` is the written package, which has
to be Python as black lays it out. The warnings in `LINTS`, about what jobs and hooks do, are left
out except where a case is about one: cases call services wherever that is short.

`CONDUIT_UPDATE_CASES=1 pytest tests/compiler/test_cases.py` replaces the expected output.
"""

import ast
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import black
import pytest
from black.mode import TargetVersion

from conduit_async.compiler import Output
from conduit_async.diagnostics import Problems
from conduit_async.lock.text import LOCK_FILE, read, write
from conduit_async.render import as_text
from conduit_async.settings import read_settings
from conduit_async.source import Source

CASES = Path(__file__).parent / "cases"
BLACK = black.Mode(target_versions={TargetVersion.PY311}, line_length=88)
LINTS = ("ASY907", "ASY908", "ASY909", "ASY910", "PAT411")
UPDATE = os.environ.get("CONDUIT_UPDATE_CASES") == "1"


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir() if path.is_dir()))
def test_case(case: str, compiled_case: Callable[[Path], Output]) -> None:
    folder = CASES / case
    _check_settings(folder)
    output = compiled_case(folder)
    left_out = {code for code in LINTS if not case.startswith(code.lower())}
    shown = [found for found in output.diagnostics if found.code not in left_out]
    reported = as_text(shown, color=False)
    files = dict(output.files)
    if not (folder / LOCK_FILE).exists():
        files.pop(LOCK_FILE, None)
    if UPDATE:
        _write(folder, reported, files)
    assert reported == _read(folder / "diagnostics.txt")
    for path, text in files.items():
        if path == LOCK_FILE:
            assert write(read(text)) == text
            continue
        ast.parse(text, path)
        assert black.format_str(text, mode=BLACK) == text
    if (folder / "expected").is_dir():
        assert files == _package(folder / "expected")


def _check_settings(folder: Path) -> None:
    path = folder / "conduit.toml"
    problems = Problems()
    assert read_settings(Source(path.name, _read(path)), problems) is not None
    assert not problems.sorted()


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def _package(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in folder.rglob("*")
        if path.suffix in (".py", ".lock")
    }


def _write(folder: Path, reported: str, files: dict[str, str]) -> None:
    diagnostics = folder / "diagnostics.txt"
    diagnostics.write_text(reported, "utf-8")
    if not reported:
        diagnostics.unlink()
    expected = folder / "expected"
    if expected.is_dir():
        shutil.rmtree(expected)
        for path, text in files.items():
            target = expected / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
