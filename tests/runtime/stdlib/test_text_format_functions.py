"""`HTML`, `JSON`, `Regex` and `UUID`."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from conduit_runtime.stdlib import HTML, JSON, UUID, Regex
from hypothesis import given
from hypothesis import strategies as st

KEY = uuid.UUID("550e8400-e29b-41d4-a716-446655440000")


@dataclass
class Point:
    x: Decimal


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (HTML.strip_tags("<p>Hello <b>World</b></p>"), "Hello World"),
        (HTML.strip_tags("a < b and 5 > 3"), "a < b and 5 > 3"),
        (HTML.strip_tags('<a href="x>y" title=\'<\'>link</a>'), "link"),
        (HTML.strip_tags("a<br/>b<!-- c <p> -->d"), "abd"),
        (HTML.strip_tags("<script>alert('<b>')</script>x<STYLE>p{}</style>y"), "xy"),
        (HTML.strip_tags("<!DOCTYPE html><?xml?>x"), "x"),
        (HTML.strip_tags("a &lt;b&gt; &amp; c"), "a &lt;b&gt; &amp; c"),
        (HTML.strip_tags("<scr<b></b>ipt>alert(1)</script>"), "ipt>alert(1)"),
        (HTML.strip_tags("x<img src=y onerror=alert(1) "), "x"),
        (HTML.strip_tags("x<img src=y <b>z</b>"), "xz"),
        (HTML.strip_tags('x<img alt="y onerror='), "x"),
        (HTML.strip_tags("<" * 50 + "b>" * 50), "b>" * 30),
        (HTML.strip_tags(""), ""),
        (HTML.escape("<a href=\"x\">Tom & 'Jo'</a>"),
            "&lt;a href=&quot;x&quot;&gt;Tom &amp; &#x27;Jo&#x27;&lt;/a&gt;"),
        (HTML.unescape("&lt;&gt;&amp;&quot;&#x27;&#39;&eacute;"), "<>&\"''é"),
        (JSON.parse('{"a": [1, 2.5, true, null, "é"]}'), {"a": [1, 2.5, True, None, "é"]}),
        (JSON.parse("123456789012345678901234567890"), 123456789012345678901234567890),
        (JSON.parse(' "x" '), "x"),
        (JSON.stringify({"a": [1, None, True], "é": "ü"}), '{"a":[1,null,true],"é":"ü"}'),
        (JSON.stringify({"b": 1, "a": {}}, pretty=True), '{\n  "b": 1,\n  "a": {}\n}'),
        (JSON.stringify(None), "null"),
        (JSON.stringify([Decimal("1.50"), KEY]), f'["1.50","{KEY}"]'),
        (JSON.stringify(datetime(2026, 1, 2, tzinfo=UTC)), '"2026-01-02T00:00:00Z"'),
        (JSON.stringify(Point(Decimal("0.1"))), '{"x":"0.1"}'),
        (JSON.validate("[]"), True),
        (JSON.validate("{"), False),
        (JSON.validate("NaN"), False),
        (JSON.validate("1e999"), False),
        (JSON.validate(""), False),
        (JSON.validate(None), False),
        (JSON.validate(5), False),
        (JSON.validate(b"[]"), False),
        (JSON.validate("[" * 100_000), False),
        (Regex.match("a1b22", r"\d+"), ["1", "22"]),
        (Regex.match("a1b22", re.compile(r"([a-z])(\d+)")), ["a1", "b22"]),
        (Regex.match("abc", r"\d"), []),
        (Regex.replace("a1b2", r"\d", "#"), "a#b#"),
        (Regex.replace("John Smith", r"(\w+) (\w+)", r"\2 \1"), "Smith John"),
        (Regex.replace("ABC", re.compile("b", re.I), "-"), "A-C"),
        (Regex.test("abc", "b"), True),
        (Regex.test("abc", re.compile("^b")), False),
        (Regex.test("abc", "("), False),
        (Regex.test(None, "a"), False),
        (Regex.test("abc", None), False),
        (Regex.test(5, "5"), False),
        (Regex.split("a, b;c", r"[,;]\s*"), ["a", "b", "c"]),
        (Regex.split("a1b", r"(\d)"), ["a", "b"]),
        (Regex.split("abc", r"x*"), ["abc"]),
        (Regex.split("", ","), [""]),
        (UUID.parse(str(KEY)), KEY),
        (UUID.parse(str(KEY).upper()), KEY),
        (UUID.parse(KEY.hex), KEY),
        (UUID.validate(str(KEY)), True),
        (UUID.validate(KEY), True),
        (UUID.validate(f"{{{KEY}}}"), False),
        (UUID.validate(f"{KEY}\n"), False),
        (UUID.validate("550e8400"), False),
        (UUID.validate("\uff10" * 32), False),
        (UUID.validate(None), False),
        (UUID.validate(5), False),
    ],
)  # fmt: skip
def test_result(result: object, expected: object) -> None:
    assert result == expected
    assert type(result) is type(expected)


def test_generated_uuids_differ() -> None:
    first, second = UUID.generate(), UUID.generate()
    assert first != second
    assert first.version == 4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: HTML.escape(None), r"HTML\.escape: `text` must be a string, not nil"),  # type: ignore[arg-type]
        (lambda: JSON.parse(None), r"JSON\.parse: `text` must be a string, not nil"),  # type: ignore[arg-type]
        (lambda: JSON.parse("{a: 1}"), r"JSON\.parse: the text is not JSON: .* column 2"),
        (lambda: JSON.parse("[NaN]"), "NaN is not a number that JSON can hold"),
        (lambda: JSON.parse("[" * 100_000), r"JSON\.parse: the text is nested too deep"),
        (lambda: JSON.stringify({"a": [float("nan")]}), r"JSON\.stringify: `data`\.a\[0\] is nan"),
        (
            lambda: JSON.stringify(object()),
            r"JSON\.stringify: `data` is a object, which JSON cannot hold",
        ),
        (lambda: Regex.match("a", "("), r"Regex\.match: bad pattern: missing \)"),
        (lambda: Regex.match("a", None), "`pattern` must be a string or a regex, not nil"),  # type: ignore[arg-type]
        (lambda: Regex.replace("a", "a", r"\1"), r"Regex\.replace: bad replacement: invalid group"),
        (lambda: UUID.parse("x"), r"UUID\.parse: the text is not a UUID"),
        (lambda: UUID.parse(None), r"UUID\.parse: `text` must be a string, not nil"),  # type: ignore[arg-type]
    ],
)
def test_bad_argument(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(Exception, match=message) as caught:
        call()
    assert type(caught.value).__name__ == "ArgumentError"


@given(st.text(alphabet="<>/!-'\" abscript&;", max_size=60))
def test_no_tag_survives_stripping(text: str) -> None:
    stripped = HTML.strip_tags(text)
    assert not re.search(r"<[a-z/]?[a-z]", stripped)
    assert HTML.strip_tags(stripped) == stripped


@pytest.mark.parametrize("unit", ["<a ", "<!--", "<a '", '<a "', "<script>", "<b<", "</", "<a\"'"])
def test_stripping_takes_linear_time(unit: str) -> None:
    HTML.strip_tags(unit * 20_000)


@given(st.text())
def test_unescape_undoes_escape(text: str) -> None:
    assert HTML.unescape(HTML.escape(text)) == text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner
    ),
)  # fmt: skip


@pytest.mark.slow
@given(json_values, st.booleans())
def test_parse_reads_what_stringify_writes(value: Any, pretty: bool) -> None:
    text = JSON.stringify(value, pretty)
    assert JSON.parse(text) == value
    assert JSON.validate(text)
