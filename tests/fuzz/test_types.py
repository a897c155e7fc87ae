"""Type checkers report nothing in code that is generated from any source."""

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from expressions import source
from oracle import well_typed
from paths import ROOT
from probe import check_types

from conduit_async.compiler import compile

pytestmark = pytest.mark.slow

PACKAGES = 12
STATEMENTS = 20
HARD = [
    "self.day = Array.first([]) ?? self.day",
    "self.status = [1].map((v) => self.status).first() or match n { 1 => x, _ => self.status }",
    "if self.place?.city == self.title { Email.send(self.place.city, [loud(self.place?.city)]) }",
    "Email.send(match self.place { 1..3 => self.place?.city, _ => 1 })",
    "Email.send([{ a: self.scores?.first(), b: 1 }, self.active ? { a: 1 } : {}])",
    "Email.send(self.editor?.name ? self.editor : true)",
    "Email.send([1, self.price] ? self.title : self.items.first?.name)",
    "Email.send(2.5 ? self.items.count : self.title)",
    "Email.send(self.data.escape(), (x % self.price).filter(|v| { v }))",
]
"""Statements of which a type checker knows more, or less, than the language says."""


def test_random_packages(tmp_path: Path) -> None:
    for seed in range(PACKAGES + 2):
        random = Random(seed)
        lines = HARD if seed >= PACKAGES else well_typed(random, STATEMENTS)
        text = source(lines, in_job=bool(seed % 2))
        (folder := tmp_path / f"package_{seed}").mkdir()
        for name, module in compile({"a.conduit": text}).modules.items():
            (folder / name).write_text(module, "utf-8")
    check_types(*sorted(path for path in tmp_path.iterdir() if path.is_dir()))
    check_with_pyright(tmp_path)


def check_with_pyright(folder: Path) -> None:
    """Run pyright, as it is without settings, on the packages in a folder."""
    settings = {"include": ["package_*"], "extraPaths": [str(ROOT / "runtime")]}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
