"""What is too long is laid out as black would lay it out, without asking black."""

from random import Random

import black
import pytest
from black.mode import TargetVersion
from generated import compiled
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from python_statements import Statements

from conduit_async.emit import layout
from conduit_async.emit.split import UnsureError, split


def by_black(text: str, width: int = 88) -> str:
    mode = black.Mode(target_versions={TargetVersion.PY311}, line_length=width)
    return black.format_str(text, mode=mode)


def framed(statement: str, indent: int) -> tuple[list[str], list[str]]:
    """What has to stand before and after a statement for it to be Python."""
    before = [f"{' ' * level}if _:" for level in range(0, indent, 4)]
    margin = " " * indent
    if statement.startswith("elif "):
        before += [f"{margin}if _:", f"{margin}    pass"]
    if statement.startswith("@"):
        return before, [f"{margin}def _():", f"{margin}    pass"]
    return before, [f"{margin}    pass"] if statement.endswith(":") else []


@given(st.integers(), st.sampled_from([0, 4, 8]))
@settings(max_examples=150, deadline=None)
def test_a_statement_is_broken_as_black_breaks_it(seed: int, indent: int) -> None:
    statement = Statements(Random(seed)).statement()
    before, after = framed(statement, indent)
    text = "\n".join([*before, f"{' ' * indent}{statement}", *after]) + "\n"
    assume(by_black(text, width=100_000) == text)
    expected = by_black(text).rstrip("\n").split("\n")
    expected = expected[len(before) : len(expected) - len(after)]
    try:
        found = split(statement, indent)
    except UnsureError:
        return
    assert found == [line for line in expected if line]


@pytest.mark.parametrize(
    "statement",
    [
        f"total = {' + '.join(['a_name_of_a_variable'] * 20)}",
        f"return {'.'.join(['a_long_name()'] * 12)}",
        f"if {' and '.join(['a_name_of_a_variable == 1'] * 12)}:",
        f"x = {'(a, ' * 15}1{')' * 15}",
    ],
)
def test_chains_and_nests_need_no_black(statement: str) -> None:
    after = ["    pass"] if statement.endswith(":") else []
    expected = by_black("\n".join([statement, *after])).rstrip("\n").split("\n")
    assert split(statement, 0) == expected[: len(expected) - len(after)]


@pytest.mark.parametrize(
    "statement",
    [
        "with open(a) as file:",
        "x = lambda a: a",
        "x += 1",
        "x = f(a, b,)",
        "return (y := 3)",
        'x = "日本"',
        "x[a] = 3",
        "assert a, b",
        "x = a ** b  # why",
    ],
)
def test_what_is_rare_is_left_to_black(statement: str) -> None:
    with pytest.raises(UnsureError):
        split(statement, 0)


def test_ordinary_modules_need_no_black(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_: str) -> layout.Layout:
        raise AssertionError("black was asked")

    monkeypatch.setattr(layout, "_by_black", never)
    source = """
        /// An order of a customer.
        ///
        /// Ümlauts and "quotes" are nothing special, nor are lines that fill the width of the page.
        resource Order {
          id: uuid! @primary
          number: string!
          state: enum ["open", "paid"]!
          @after update {
            if self.state_changed_to?("paid") && String.length(self.number) > 3 {
              @async(queue: "mail", priority: "high", max_attempts: 7, timeout: 30.seconds) {
                Email.send("sales@example.com", subject: "#{self.number} is paid", of: self.state)
                  rescue |err| { Logger.warn("Die Nachricht über die Zahlung geht nicht", e: err) }
              }
            }
          }
        }
    """
    path = f"{'a_long_name_of_a_folder/' * 4}order.conduit"
    assert any(len(line) > 100 for line in compiled({path: source})["order.py"].split("\n"))


def test_long_names_are_laid_out_too() -> None:
    name = "AVeryLongNameOfAResourceThatNobodyWouldGiveToAnythingThatIsMeantToBeReadByPeople"
    service = "AService" * 9
    source = f"""
        resource {name} {{
          id: uuid! @primary
          other: Second? {{ foreign_key: "other_id" }}
          @after create {{ @async(name: "{"work" * 15}") {{ {service}.call(self.id) }} }}
        }}
        resource Second {{
          id: uuid! @primary
          @after create {{ @async {{ {service}.call(self, "日本の文章" + self.id) }} }}
        }}
    """.replace('"日本の文章" + self.id', '"' + "日本" * 20 + '"')
    for text in compiled(source).values():
        assert by_black(text) == text
