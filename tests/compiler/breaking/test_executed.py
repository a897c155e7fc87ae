"""Verdicts are compared with generated packages that read each other's payloads."""

from pathlib import Path

import pytest
from breaking_cases import CASES
from executed import executed

CAUTIOUS = {
    # the lock does not say whether the old hash had a string there
    "a hash of mixed values with a further decimal",
    # old workers would take the key for one of the old table
    "a relation to another table",
    "a relation of a variable to another table",
}
"""Changes that some code could read, but should not."""


@pytest.mark.parametrize("case", sorted(CASES.keys() - CAUTIOUS))
def test_the_verdict_is_what_happens(case: str, tmp_path: Path) -> None:
    before, after, _, order = CASES[case]
    assert executed(before, after, tmp_path) == order
