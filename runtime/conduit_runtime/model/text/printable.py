"""Texts from outside, made printable: on one line, and without control of the terminal."""

import json
import re

# Control characters, line separators, characters that turn the direction of text, lone surrogates.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_IN_JSON = re.compile(r"[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def one_line(text: str) -> str:
    """The text with control characters, newlines included, as escapes such as `\\n` and `\\x1b`."""
    return (
        text
        if text.isprintable()
        else _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
    )


def escape_controls(json_text: str) -> str:
    """JSON with the control characters that JSON itself allows written as `\\uXXXX`."""
    if json_text.isascii() and "\x7f" not in json_text:
        return json_text
    return _IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", json_text)


def one_word(text: str) -> str:
    """The text; in quotes if it would not read as one word."""
    if text and text.isprintable() and not any(mark in text for mark in ' "='):
        return text
    return escape_controls(json.dumps(text, ensure_ascii=False))
