"""Patterns of a `match` that an earlier arm already takes."""

import pytest

from conduit_async.compiler import diagnose


@pytest.mark.parametrize(
    ("patterns", "never"),
    [
        ("5, 5", ["5"]),
        ("5, 5..5", ["5..5"]),
        ("5, 5.0", ["5.0"]),
        ("1..5, 2...4, 5, 3..6", ["2...4", "5"]),
        ("6...8, 8, 6...8, 7", ["6...8", "7"]),
        ("6...8, 6..8, 6...8", ["6...8"]),
        ("-1, 1, -1", ["-1"]),
        ("nil, nil", ["nil"]),
    ],
)
def test_a_pattern_that_never_matches(patterns: str, never: list[str]) -> None:
    arms = ", ".join(f"{pattern} => 1" for pattern in patterns.split(", "))
    statements = f"let x = match self.size {{ {arms}, _ => 2 }} Email.send(x)"
    source = f"resource Post {{ id: int! size: float? @after create @async {{ {statements} }} }}"
    diagnostics = diagnose({"post.conduit": source})
    assert [(each.code, each.span.text) for each in diagnostics] == [("SEM213", n) for n in never]
