"""The findings of each rule about a payload, and its verdict."""

import pytest
from breaking_cases import CASES
from changed import findings, order


@pytest.mark.parametrize("case", CASES)
def test_a_change(case: str) -> None:
    old, new, expected, whole = CASES[case]
    found = findings(old, new)
    said = {f"{each.code} {each.field or ''}".strip(): each.verdict for each in found}
    assert said == expected
    assert order(found) == whole
