"""`String` and `Text`."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from conduit_runtime.stdlib import String, Text
from hypothesis import given
from hypothesis import strategies as st

LONG = "Ann went to the market and bought bread"


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (String.slugify("Zoë & Co"), "zoe-co"),
        (String.slugify("Straße 12"), "strasse-12"),
        (String.slugify("Привет, мир!"), "privet-mir"),
        (String.slugify("  a_b--c  "), "a-b-c"),
        (String.slugify(""), ""),
        (String.slugify("!?"), ""),
        (String.capitalize("hELLO World"), "Hello world"),
        (String.capitalize("élan"), "Élan"),
        (String.capitalize(""), ""),
        (String.capitalize("1ABC"), "1abc"),
        (String.upcase("straße"), "STRASSE"),
        (String.downcase("ÀÉ"), "àé"),
        (String.trim(" \t a b\n"), "a b"),
        (String.trim("xxaxx", "x"), "a"),
        (String.trim("/a/", chars="/"), "a"),
        (String.trim(" a ", ""), " a "),
        (String.trim(" a ", None), "a"),
        (String.truncate("héllo", 2), "hé"),
        (String.truncate("hi", 10), "hi"),
        (String.truncate("hi", 0), ""),
        (String.truncate("👍👍👍", 2), "👍👍"),
        (String.split("a,b,,c", ","), ["a", "b", "", "c"]),
        (String.split("", ","), [""]),
        (String.split("abc", ""), ["a", "b", "c"]),
        (String.split("", ""), []),
        (String.split("a1b22c", re.compile(r"\d+")), ["a", "b", "c"]),
        (String.join(["a", "b"], ", "), "a, b"),
        (String.join([], ", "), ""),
        (String.join([1, None, True, Decimal("1.50"), "x"], "|"), "1||true|1.50|x"),
        (String.replace("a.b.c", ".", "-"), "a-b-c"),
        (String.replace("abc", "x", "y"), "abc"),
        (String.replace("a1b2", re.compile(r"(\d)"), r"<\1>"), "a<1>b<2>"),
        (String.replace("a", "a", r"\1"), r"\1"),
        (String.starts_with("conduit", "con"), True),
        (String.starts_with("conduit", "Con"), False),
        (String.starts_with("", ""), True),
        (String.ends_with("conduit", "it"), True),
        (String.ends_with("conduit", "con"), False),
        (String.includes("conduit", "du"), True),
        (String.includes("conduit", "ud"), False),
        (String.contains("conduit", ""), True),
        (String.length("héllo 👍"), 7),
        (String.length(""), 0),
        (Text.word_count("  one two\nthree\t"), 3),
        (Text.word_count(""), 0),
        (Text.character_count("a b\n"), 4),
        (Text.calculate_reading_time(""), 1),
        (Text.calculate_reading_time("word " * 200), 1),
        (Text.calculate_reading_time("word " * 201), 2),
        (Text.calculate_reading_time("word " * 1000, words_per_minute=100), 10),
        (Text.excerpt("short", 5), "short"),
        (Text.excerpt(" short ", 7), " short "),
        (Text.excerpt(LONG, 8), "Ann went..."),
        (Text.excerpt(LONG, 9), "Ann went..."),
        (Text.excerpt(LONG, 10), "Ann went..."),
        (Text.excerpt(LONG, 11), "Ann went to..."),
        (Text.excerpt("incomprehensible", 5), "incom..."),
        (Text.excerpt("hello     world", 7), "hello..."),
        (Text.excerpt("hello    ", 5), "hello"),
        (Text.excerpt("  hello world", 8), "hello..."),
        (Text.excerpt("hello", 0), "..."),
        (Text.excerpt("", 0), ""),
    ],
)
def test_result(result: object, expected: object) -> None:
    assert result == expected


def test_join_writes_values_as_strings_do() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert String.join([moment, {"a": [1]}], " ") == '2026-01-02T03:04:05Z {"a":[1]}'


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda v: String.upcase(v), r"String\.upcase: `text` must be a string, not nil"),
        (lambda v: String.trim(v), r"String\.trim: `text` must be a string, not nil"),
        (lambda v: String.split("a", v), r"`delimiter` must be a string or a regex, not nil"),
        (lambda v: String.starts_with("a", v), r"String\.starts_with\?: `part` must be a string"),
        (lambda v: String.join(v, ""), r"String\.join: `parts` must be an array, not nil"),
        (lambda v: Text.excerpt("a", v), r"Text\.excerpt: `length` must be an int, not nil"),
        (lambda v: Text.excerpt("a", length=v), r"Text\.excerpt: `length` must be an int, not nil"),
    ],
)
def test_nil_is_an_error_that_names_the_call(call: Any, message: str) -> None:
    with pytest.raises(Exception, match=message) as caught:
        call(None)
    assert type(caught.value).__name__ == "ArgumentError"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: String.upcase(5), "must be a string, not an int"),  # type: ignore[arg-type]
        (lambda: String.join("abc", ""), "`parts` must be an array, not a string"),
        (lambda: String.truncate("a", True), "`length` must be an int, not a bool"),
        (lambda: String.truncate("a", -1), "`length` is -1, less than 0"),
        (lambda: Text.excerpt("a", -1), "`length` is -1, less than 0"),
        (lambda: Text.calculate_reading_time("a", 0), "`words_per_minute` is less than 1"),
        (lambda: String.replace("a", re.compile("a"), r"\9"), "bad replacement: invalid group"),
    ],
)
def test_bad_argument(call: Any, message: str) -> None:
    with pytest.raises(Exception, match=message) as caught:
        call()
    assert type(caught.value).__name__ == "ArgumentError"


@given(st.text())
def test_a_slug_is_plain_and_stays_itself(text: str) -> None:
    slug = String.slugify(text)
    assert re.fullmatch(r"(?:[a-z0-9]+(?:-[a-z0-9]+)*)?", slug)
    assert String.slugify(slug) == slug


@given(st.text(alphabet="ab \n", max_size=40), st.integers(0, 45))
def test_an_excerpt_keeps_its_length_and_ends_at_a_word(text: str, length: int) -> None:
    excerpt = Text.excerpt(text, length)
    if len(text) <= length:
        assert excerpt == text
        return
    kept = excerpt.removesuffix("...")
    assert len(kept) <= length
    words, whole = kept.split(), text.split()
    assert words == whole[: len(words)] or (len(words) == 1 and whole[0].startswith(kept))
