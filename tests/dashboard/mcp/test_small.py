"""Results have a size that a model can read."""

import json

import pytest
from conduit_dashboard.mcp.small import MOST, small


def test_what_is_small_stays_as_it_is() -> None:
    data = {"jobs": [{"payload": {"x": None, "text": "y" * 2_000}}], "count": 3}
    assert small(data) == (data, [])


def test_what_was_cut_is_named() -> None:
    found, cut = small({"jobs": [{"error": "x" * 3_000}], "more": [*range(200)]})
    assert len(found["jobs"][0]["error"]) == 2_000
    assert found["jobs"][0]["error"].endswith("x…")
    assert found["more"] == [*range(100)]
    assert cut == ["jobs[].error", "more"]


@pytest.mark.parametrize(
    "value",
    [
        "x" * 100_000,
        ["x" * 1_000] * 1_000,
        [{"deep": {"number": number}} for number in range(900)],
        {str(number): ["x" * 500] * 50 for number in range(500)},
        {
            str(a): {str(b): [{str(c): "y" for c in range(50)}] * 9 for b in range(50)}
            for a in range(50)
        },
    ],
    ids=["text", "list", "numbers", "object", "deep"],
)
def test_nothing_is_larger_than_the_most(value: object) -> None:
    found, cut = small({"payload": value, "status": "failed"})
    shown = {"from_jobs": {**found, "cut": cut}}
    assert len(json.dumps(shown, indent=2, ensure_ascii=False)) <= MOST
    assert found.keys() == {"payload", "status"}
    assert found["status"] == "failed"
    assert cut
