"""Arguments of the standard library are checked against the parameters of its functions."""

import pytest

from conduit_async.compiler import diagnose


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        ('Time.diff(self.made_at, "x")', ["`other` of `Time.diff` needs a timestamp or date"]),
        ("Time.diff(self.made_at, self.made_at)", []),
        ('Number.max(1, "x")', ["`Number.max` needs an int or float or decimal"]),
        ("Number.max(1, 2.5, 3)", []),
        ('[1].push("x")', []),
    ],
)
def test_an_argument_of_another_type(call: str, wrong: list[str]) -> None:
    statements = f"Email.send({call})"
    source = (
        f"resource P {{ id: int! made_at: timestamp! @after create @async {{ {statements} }} }}"
    )
    diagnostics = diagnose({"p.conduit": source})
    assert [each.message.partition(", this")[0] for each in diagnostics] == wrong
