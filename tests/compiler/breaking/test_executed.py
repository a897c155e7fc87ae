"""Verdicts are compared with generated packages that read each other's payloads."""

from pathlib import Path

import pytest
from breaking_cases import CASES
from executed import executed

CAUTIOUS = {"a hash of mixed values with a further decimal"}
"""The lock does not say whether the old hash had a string there."""


@pytest.mark.parametrize("case", sorted(CASES.keys() - CAUTIOUS))
def test_the_verdict_is_what_happens(case: str, tmp_path: Path) -> None:
    before, after, _, order = CASES[case]
    assert executed(before, after, tmp_path) == order
