"""The layout of a module is that of black, though black sees only single statements."""

import re
from random import Random

import black
import pytest
from black.mode import TargetVersion
from generated import compiled
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from python_statements import Statements

from conduit_async.emit.layout import lay_out

START = re.compile(r" *@?\w*")


def by_black(text: str, width: int = 88) -> str:
    mode = black.Mode(target_versions={TargetVersion.PY311}, line_length=width)
    return black.format_str(text, mode=mode)


def framed(statement: str, indent: int) -> tuple[list[str], list[str]]:
    """The lines before and after a statement that make it valid Python."""
    before = [f"{' ' * level}if _:" for level in range(0, indent, 4)]
    margin = " " * indent
    if statement.startswith("elif "):
        before += [f"{margin}if _:", f"{margin}    pass"]
    if statement.startswith("@"):
        return before, [f"{margin}def _():", f"{margin}    pass"]
    return before, [f"{margin}    pass"] if statement.endswith(":") else []


@pytest.mark.slow
@given(st.integers(), st.sampled_from([4, 8]))
@settings(max_examples=100, deadline=None)
def test_a_statement_is_laid_out_as_in_a_whole_module(seed: int, indent: int) -> None:
    statement = Statements(Random(seed)).statement()
    before, after = framed(statement, indent)
    lines = [*before, f"{' ' * indent}{statement}", *after]
    text = "\n".join(lines) + "\n"
    assume(by_black(text, width=100_000) == text)
    found, places = lay_out(text)
    assert found == by_black(text)
    laid_out = found.split("\n")
    for number, line in enumerate(lines):
        assert START.match(laid_out[places[number] - 1])[0] == START.match(line)[0]


def test_a_long_import_has_a_name_a_line() -> None:
    for names in ("a" * 90, "Order as " + "b" * 80, ", ".join(["name"] * 30), "a, " + "b" * 70):
        text = f"from .records import {names}\n"
        assert lay_out(text)[0] == by_black(text)


def test_a_long_path_stays_in_its_line() -> None:
    path = f"{'a_long_name_of_a_folder/' * 4}order.conduit"
    source = "resource Order { id: uuid! @primary @after create { @async { Mail.send(self.id) } } }"
    text = compiled({path: source})["order.py"]
    assert by_black(text) == text


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
