"""Hostile texts, and every place of a source and of the configuration that takes a text.

A line of `names/places.conduit` with `RAW` or `TEXT` is a place, and so is a resource with one of
them in its header. The lines above it name the grammar rules that take the text. `RAW` is replaced
by a text as it is, `TEXT` by one as the content of a string.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_TEXT = (Path(__file__).parent / "names" / "places.conduit").read_text("utf-8")
_MARK = re.compile(r"RAW|TEXT")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\0": "\\0"}

RUN = '__import__("sys").modules.__setitem__("ran", None)'
"""Code that leaves a trace when it runs."""

VALUES = {
    "quotes": 'it\'s "quoted" `so`',
    "thrice": '"""',
    "thrice_single": "'''",
    "backslash": "\\",
    "backslash_and_quote": '\\"',
    "lines": "a\nb\r\nc",
    "nul": "a\0b",
    "separators": "a\u2028b\u2029c\x85d\x0ce",
    "turned": "\u202eabc\u2066",
    "marks": "\ufeffa\u200b\ue0001\ue001",
    "surrogate": "a\ud800",
    "braces": "{{ a }} {% raw %} {# b #} {0}",
    "percent": "%s %(a)s %",
    "interpolated": "#{self.id} #{",
    "dollar": "$x ${y} `z`",
    "long": "a" * 300,
    "comment": "// # ### /* */",
    "umlaut": "größe",
    "ligature": "\ufb01eld",
    "feminine": "\xaab",
    "kelvin": "\u212aelvin",
    "keyword": "class",
    "none": "None",
    "error": "Exception",
    "builtin": "str",
    "types": "dict",
    "object": "object",
    "dunder": "__init__",
    "private": "__x",
    "mro": "mro",
    "underscore": "_",
    "services": "services",
    "Services": "Services",
    "job": "job",
    "Hook": "Hook",
    "Literal": "Literal",
    "self_": "self",
    "result": "arg1",
    "snapshot": "FieldsSnapshot",
    "table": "Target",
    "annotation": f"x: int = {RUN}\n    y",
    "closing": f'") or {RUN} or ("',
    "docstring": f'"""\n{RUN}\n"""',
    "statement": f"a\n{RUN}\n",
    "sql": "a'; DROP TABLE jobs; --",
    "sql_quoted": 'a"; DROP TABLE jobs; --',
    "dots": "a..b",
    "spaces": "  a b  ",
    "nothing": "",
}


@dataclass(frozen=True)
class Place:
    """A place that takes a text: a block of the template, and its line (None: the whole block)."""

    block: int
    line: int | None


@dataclass(frozen=True)
class _Line:
    text: str
    rules: frozenset[str]

    @cached_property
    def is_marked(self) -> bool:
        return _MARK.search(self.text) is not None


def _blocks() -> list[list[_Line]]:
    blocks = []
    for block in _TEXT.strip().split("\n\n"):
        lines: list[_Line] = []
        rules: frozenset[str] = frozenset()
        for line in block.split("\n"):
            if line.lstrip().startswith("# "):
                rules = frozenset(line.strip(" #").split(", "))
            else:
                lines.append(_Line(line, rules))
                rules = frozenset()
        blocks.append(lines)
    return blocks


def _is_whole(block: list[_Line]) -> bool:
    return any(line.is_marked and not line.text.startswith((" ", "///")) for line in block)


_BLOCKS = _blocks()
_WHOLE = [*map(_is_whole, _BLOCKS)]
RULES = frozenset(rule for block in _BLOCKS for line in block for rule in line.rules)
"""The grammar rules that the places cover."""


def places() -> Iterator[Place]:
    """Every place of the template."""
    for number, block in enumerate(_BLOCKS):
        if _WHOLE[number]:
            yield Place(number, None)
        else:
            yield from (Place(number, at) for at, line in enumerate(block) if line.is_marked)


def source(kept: Iterable[Place], value: str) -> str:
    """A source with a value in these places and without the others."""
    wanted = set(kept)
    lines: list[str] = []
    for number, block in enumerate(_BLOCKS):
        if _WHOLE[number] and Place(number, None) not in wanted:
            continue
        needed = _WHOLE[number] or any(place.block == number for place in wanted)
        if not needed and not block[0].text.startswith(("resource Target", "resource Last")):
            continue
        for at, line in enumerate(block):
            if not line.is_marked or _WHOLE[number] or Place(number, at) in wanted:
                lines.append(_filled(line.text, value))
    return "\n".join([*lines, ""])


def _filled(line: str, value: str) -> str:
    content = "".join(_ESCAPES.get(char, char) for char in value).replace("#{", "\\#{")
    return _MARK.sub(lambda mark: value if mark[0] == "RAW" else content, line)
