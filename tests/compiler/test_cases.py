"""Each folder in `cases` is a compilation: sources, and the expected output.

The `*.conduit` files are compiled together. Settings come from `conduit.toml`, upcasters from
`upcasters.txt`, and the package's lock from `jobs.lock`, if these files exist. Only if there is a
`jobs.lock`, the new lock is part of the expected output. `diagnostics.txt` holds the diagnostics as
a terminal shows them; without the file there are none. `expected` is the written package, which has
to be Python as black lays it out. The warnings in `LINTS`, about what jobs and hooks do, are left
out except where a case is about one: cases call services wherever that is short.

`pytest tests/compiler/test_cases.py --snapshot-update` replaces the expected output. A new case
with a package needs an empty folder `expected` first.
"""

import ast
from collections.abc import Callable
from pathlib import Path

import black
import pytest
from black.mode import TargetVersion
from case_snapshots import CASES, DIAGNOSTICS, EXPECTED, CaseFiles
from syrupy.assertion import SnapshotAssertion

from conduit_async.compiler import Output
from conduit_async.diagnostics import Problems
from conduit_async.lock.text import LOCK_FILE, read, write
from conduit_async.render import as_text
from conduit_async.settings import read_settings
from conduit_async.source import Source

BLACK = black.Mode(target_versions={TargetVersion.PY311}, line_length=88)
LINTS = ("ASY907", "ASY908", "ASY909", "ASY910", "PAT411")


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir() if path.is_dir()))
def test_case(
    case: str, compiled_case: Callable[[Path], Output], snapshot: SnapshotAssertion
) -> None:
    folder = CASES / case
    _check_settings(folder)
    output = compiled_case(folder)
    left_out = {code for code in LINTS if not case.startswith(code.lower())}
    shown = [found for found in output.diagnostics if found.code not in left_out]
    reported = as_text(shown, color=False)
    files = dict(output.files)
    if not (folder / LOCK_FILE).exists():
        files.pop(LOCK_FILE, None)
    kept = {DIAGNOSTICS: reported} if reported else {}
    if (folder / EXPECTED).is_dir():
        kept |= {f"{EXPECTED}/{path}": text for path, text in files.items()}
    assert kept == snapshot(extension_class=CaseFiles)
    for path, text in files.items():
        if path == LOCK_FILE:
            assert write(read(text)) == text
            continue
        ast.parse(text, path)
        assert black.format_str(text, mode=BLACK) == text


def _check_settings(folder: Path) -> None:
    path = folder / "conduit.toml"
    problems = Problems()
    assert read_settings(Source(path.name, _read(path)), problems) is not None
    assert not problems.sorted()


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""
