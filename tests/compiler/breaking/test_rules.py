"""The findings of each rule about a payload, and its verdict."""

import pytest
from breaking_cases import CASES, LOSSY
from changed import findings, order


@pytest.mark.parametrize("case", CASES)
def test_a_change(case: str) -> None:
    old, new, expected, whole = CASES[case]
    found = findings(old, new)
    said = {f"{each.code} {each.field or ''}".strip(): each.verdict for each in found}
    assert said == expected
    assert order(found) == whole


@pytest.mark.parametrize("case", LOSSY)
def test_a_change_that_may_lose_a_captured_value(case: str) -> None:
    old, new, expected = LOSSY[case]
    found = findings(old, new)
    assert {f"{each.code} {each.field}": each.verdict for each in found} == expected
    [lost] = [each for each in found if each.code == "BRK112"]
    removed = next(each for each in expected if each.startswith("BRK101"))
    name = removed.removeprefix("BRK101 ").rpartition(".")[2]
    assert lost.message.endswith(f", and may be `{name}`")
    assert (f'`@was("{name}")`' in (lost.hint or "")) == (not case.startswith("a variable with"))
    assert f"# may be old.{name}" in (lost.hint or "") or "." in removed
