"""How `conduit-jobs` prints values that others have stored."""

import pytest
from conduit_runtime.cli.output import show_one, show_rows

HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202edaed\x9b1m"
SHOWN = r"\x1b]0;owned\x07\x1b[2J\u202edaed\x9b1m"


def test_no_value_drives_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"type": HOSTILE, "payload": {HOSTILE: [HOSTILE]}}
    show_rows([row], ["type", "payload"], "table")
    show_one(row, "table")
    printed = capsys.readouterr().out
    assert printed.count(SHOWN) == 2  # JSON escapes some of the characters in its own way
    assert not {"\x1b", "\x07", "\x9b", "\u202e"}.intersection(printed)


def test_a_row_keeps_to_its_line_and_a_text_to_its_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_rows([{"error": "one\ntwo"}], ["error"], "table")
    assert r"one\ntwo" in capsys.readouterr().out
    show_one({"error": "one\n\ttwo"}, "table")
    assert capsys.readouterr().out == "error  one\n               two\n"


def test_programs_get_the_value_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows([{"type": "é\x1b"}], ["type"], "json")
    assert capsys.readouterr().out == '[\n  {\n    "type": "é\\u001b"\n  }\n]\n'
