"""The literal of a constant has the value of the constant."""

import ast
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conduit_async.lower.sql.sql import literal as sql_literal
from conduit_async.lower.sql.sql import quoted
from conduit_async.python import literals

TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.text("\"'\\{}\n #%ab", max_size=300)


def evaluated(text: str, **names: Any) -> Any:
    """The value of an expression, which must be one line, as every line of a body is."""
    assert "\n" not in text
    return eval(text, names)


@given(TEXT)
def test_strings(text: str) -> None:
    literal = literals.string(text)
    assert evaluated(literal) == text
    assert literal.isprintable()


@given(st.lists(TEXT | st.sampled_from([("x", ""), ("y['k']", ""), ("z", ":f")]), max_size=6))
def test_f_strings(parts: list[str | tuple[str, str]]) -> None:
    values = {"x": "{X}", "y": {"k": '"'}, "z": Decimal("1E+2")}
    shown = {"x": "{X}", "y['k']": '"', "z": "100"}
    expected = "".join(part if isinstance(part, str) else shown[part[0]] for part in parts)
    assert evaluated(literals.f_string(parts), **values) == expected


@given(TEXT)
def test_patterns(text: str) -> None:
    assert evaluated(literals.pattern(re.escape(text))) == re.escape(text)


@given(st.integers(min_value=0) | st.floats(min_value=0, allow_nan=False))
def test_numbers(value: float) -> None:
    assert evaluated(literals.number(value)) == value


def test_long_ints_are_within_what_python_reads() -> None:
    assert ast.literal_eval(literals.number(10**5000)) == 10**5000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "timedelta(seconds=0)"),
        (1.5, "timedelta(seconds=1.5)"),
        (90, "timedelta(seconds=90)"),
        (120, "timedelta(minutes=2)"),
        (7200, "timedelta(hours=2)"),
        (86400 * 7, "timedelta(days=7)"),
    ],
)
def test_seconds(value: float, text: str) -> None:
    assert literals.seconds("timedelta", value) == text
    assert evaluated(text, timedelta=timedelta).total_seconds() == value


@pytest.mark.slow
@given(st.lists(st.lists(st.text("ab%\"'\\", min_size=1), min_size=1).map(" ".join), min_size=1))
def test_sql_keeps_its_words(pieces: list[str]) -> None:
    assert evaluated(sql_literal(pieces)) == " ".join(pieces)


def test_sql_names_are_quoted_where_needed() -> None:
    assert quoted("orders") == "orders"
    assert quoted("shop.order") == 'shop."order"'
    assert quoted("Größe") == '"Größe"'
    assert quoted('a"b%') == '"a""b%%"'
