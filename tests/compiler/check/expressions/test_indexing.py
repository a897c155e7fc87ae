"""Keys and positions that a literal does not have."""

import pytest

from conduit_async.compiler import diagnose


def found(statements: str) -> list[tuple[str, str | None]]:
    source = f"resource Post {{ id: int! @after create @async {{ {statements} }} }}"
    return [(each.message, each.hint) for each in diagnose({"post.conduit": source})]


@pytest.mark.parametrize(
    ("literal", "hint"),
    [
        ("{}", "it is empty"),
        ("{ aa: 1, bb: 2 }", "it has `aa`, `bb`"),
        ("{ zzzzy: 1, bb: 2 }", "did you mean `zzzzy`?"),
        ("{ aa: 1, bb: 2, cc: 3, dd: 4, ee: 5, ff: 6, gg: 7, hh: 8, ii: 9 }", None),
    ],
)
def test_a_key_that_is_missing(literal: str, hint: str | None) -> None:
    diagnostics = found(f"let h = {literal} Email.send(h.zzzzz)")
    assert diagnostics == [("`h` has no key `zzzzz`", hint)]


def test_a_match_that_may_give_nil() -> None:
    (message, hint), *others = found('let x = (match self.id { 1 => ["a"] })[0] Email.send(x)')
    assert not others
    assert message.endswith("may be nil, which has no items")
    assert hint == "add an arm for everything else: `_ => …`"
