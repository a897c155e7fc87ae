"""A documentation comment becomes a docstring, whatever it contains."""

import ast

import pytest
from generated import compiled
from hypothesis import given, settings
from hypothesis import strategies as st

CHARACTERS = "\"\\'{}%#nNux0 é\t\x85\u2028\u202e\ue000\U0001f600"


def docstring(text: str) -> str:
    """The docstring of a resource with this documentation, without spaces."""
    comment = "".join(f"/// {line}\n" for line in text.split("\n"))
    source = f"{comment}resource Order {{ id: int! @after create @async {{ Mail.send(self) }} }}"
    files = compiled(source)
    module, records = ast.parse(files["order.py"]), ast.parse(files["records.py"])
    record = next(each for each in records.body if isinstance(each, ast.ClassDef))
    found = {"".join((ast.get_docstring(each) or "").split()) for each in (module, record)}
    assert len(found) == 1
    return found.pop()


@pytest.mark.parametrize(
    "text", ['Says """', '"', '""""', "\\", '\\"', '"""a"""', 'a\n"""', "a" * 300, '"' * 300]
)
def test_what_would_end_a_docstring(text: str) -> None:
    assert docstring(text) == "".join(text.split())


@given(st.text(st.sampled_from(CHARACTERS), max_size=30))
@settings(max_examples=40, deadline=None)
def test_every_character_that_prints_is_kept(text: str) -> None:
    kept = "".join(char for char in text if char.isprintable() and char != " ")
    assert docstring(text) == kept
