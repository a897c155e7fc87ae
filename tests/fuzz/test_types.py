"""Type checkers report nothing in code that is generated from any source."""

from pathlib import Path
from random import Random

import pytest
from expressions import source
from oracle import well_typed
from probe import check_types

from conduit_async.compiler import compile

pytestmark = pytest.mark.slow

PACKAGES = 12
STATEMENTS = 20


def test_random_packages(tmp_path: Path) -> None:
    for seed in range(PACKAGES):
        random = Random(seed)
        text = source(well_typed(random, STATEMENTS), in_job=bool(seed % 2))
        (folder := tmp_path / f"package_{seed}").mkdir()
        for name, module in compile({"a.conduit": text}).modules.items():
            (folder / name).write_text(module, "utf-8")
    check_types(*sorted(path for path in tmp_path.iterdir() if path.is_dir()))
