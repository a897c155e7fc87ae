"""Lays out a module as black does, at a fraction of black's cost.

Lowering writes one statement a line, already in black's format. Exceptions are long lines and
unusual docstrings, and only these are passed to black. This module sets the blank lines between
definitions. Tests check that black changes nothing in a whole module.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from textwrap import indent as indented
from unicodedata import east_asian_width
from urllib.parse import quote, unquote

from ..source import Span

WIDTH = 88
_DEFINITION = re.compile(r" *(?:@|(?:async )?def |class )")
_FUNCTION = re.compile(r" *(?:async )?def ")
_PLAIN_DOCSTRING = re.compile(r'( *)"""[^\s"\\](?:[^\\]*[^\s"\\](?:\n\1)?)?"""')
_TRAILING_COMMA = re.compile(r",\s*[)\]}]")
_MARK = re.compile("^\ue000(\\d+)(?::([^\ue001]+))?\ue001", re.MULTILINE)
"""The mark before a statement's line, until a module is laid out: its line in the source.

If that is not the module's source, the quoted path follows.
"""

_FRAMES = {
    '"""': (("class _:",), ()),
    "case": (("match _:",), ("        pass",)),
    "match": ((), ("    # _", "    case _:", "        pass")),
    "elif": (("if _:", "    pass"), ("    pass",)),
    "except": (("try:", "    pass"), ("    pass",)),
    "@": ((), ("def _():", "    pass")),
}
"""By the first word of a line: the lines before and after that make it valid Python.

Black leaves the last line before and the first line after as they are, at any width.
"""


@dataclass(frozen=True, slots=True)
class Formatted:
    """A formatted file; `lines` maps the first line of a statement to its line in the source.

    A line of another source is a text such as "user.conduit:7".
    """

    text: str
    lines: dict[int, int | str]


def mark(span: Span | None, own: str) -> str:
    """Return the mark of a line, empty if no statement starts in it (`span` is None).

    `own` is the path of the module's source.
    """
    if span is None:
        return ""
    path = span.source.path
    place = "" if path == own else f":{quote(path, errors='surrogatepass')}"
    return f"\ue000{span.line}{place}\ue001"


def format_all(marked: Iterable[str]) -> Iterator[Formatted]:
    """Format texts with marks."""
    return map(format_marked, marked)


def format_marked(marked: str) -> Formatted:
    """Format a text with marks."""
    at = {
        number: f"{unquote(found[2], errors='surrogatepass')}:{found[1]}"
        if found[2]
        else int(found[1])
        for number, line in enumerate(marked.split("\n"))
        if (found := _MARK.match(line))
    }
    text, lines = lay_out(_MARK.sub("", marked))
    table = {lines[number]: line for number, line in at.items()}
    return Formatted(text, {number: table[number] for number in sorted(table) if number})


@dataclass(slots=True)
class _Piece:
    """A statement's line or a docstring, its line from 0, and the blank lines before it."""

    source: int
    text: str
    is_docstring: bool
    blanks: int

    @property
    def indent(self) -> int:
        return len(self.text) - len(self.text.lstrip(" "))

    @property
    def needs_black(self) -> bool:
        first, *further = self.text.split("\n")
        if self.is_docstring:  # black removes needless indentation of the further lines
            inner = [line for line in further[:-1] if line]
            is_dedented = not inner or any(line[self.indent] != " " for line in inner)
            return not (_PLAIN_DOCSTRING.fullmatch(self.text) and is_dedented)
        if first.startswith("#") or first.endswith(","):  # a line of a collection of many lines
            return False
        return _columns(first) > WIDTH or _TRAILING_COMMA.search(first) is not None


def lay_out(text: str) -> tuple[str, Sequence[int]]:
    """Lay out a module; also return the new number of each line of the text.

    `text` has one statement a line; docstrings may have several lines.
    Invalid Python stays as it is; `conduitc gen` reports it before it writes.
    """
    try:
        return _laid_out(text)
    except (SyntaxError, ValueError):  # black's InvalidInput is a ValueError
        return text, range(1, text.count("\n") + 2)


def _laid_out(text: str) -> tuple[str, Sequence[int]]:
    out: list[str] = []
    places = [0] * (text.count("\n") + 1)
    before: _Piece | None = None
    documented: _Piece | None = None
    functions: list[int] = []  # the indents of the functions around a piece
    for piece in _pieces(text.rstrip("\n").split("\n")):
        count = len(functions)
        functions = [indent for indent in functions if indent < piece.indent]
        if before is not None:
            ended = len(functions) < count
            out += [""] * _blanks(documented, before, piece, ended)
        if _FUNCTION.match(piece.text):
            functions.append(piece.indent)
        places[piece.source] = len(out) + 1
        documented = before if piece.is_docstring else None
        before = piece
        if piece.needs_black:
            piece.text = _by_black(piece.text, piece.is_docstring)
        out += piece.text.split("\n")
    return "\n".join(out) + "\n", places


def _columns(line: str) -> int:
    """Return how many columns a line takes at most."""
    wide = () if line.isascii() else (east_asian_width(char) in "WF" for char in line)
    return len(line) + sum(wide)


def _pieces(lines: Sequence[str]) -> Iterator[_Piece]:
    rest = iter(enumerate(lines))
    blanks = 0
    for number, line in rest:
        if not line.strip():
            blanks += 1
            continue
        piece = _Piece(number, line, line.lstrip(" ").startswith('"""'), blanks)
        blanks = 0
        if piece.is_docstring and not (len(line.strip()) >= 6 and line.endswith('"""')):
            for _, more in rest:
                piece.text += f"\n{more}"
                if more.endswith('"""'):
                    break
        yield piece


@lru_cache(maxsize=1024)
def _by_black(text: str, is_docstring: bool) -> str:
    """Format a statement's line or a docstring with black."""
    import black  # slow to import, and not needed by small modules
    from black.mode import TargetVersion

    bare = text.lstrip(" ")
    indent, opens = len(text) - len(bare), bare.endswith(":")
    word = re.split(r"\W", bare)[0] if opens else '"""' if is_docstring and indent else bare[:1]
    head, tail = _FRAMES.get(word, ((), ("    pass",) if opens else ()))
    outside = indent - 4 if word in ("case", '"""') else indent
    lines = [line[outside:] for line in text.split("\n")]
    mode = black.Mode(target_versions={TargetVersion.PY311}, line_length=WIDTH - outside)
    formatted = black.format_str("\n".join([*head, *lines, *tail]), mode=mode)
    found = formatted.rstrip("\n").split("\n")
    start = found.index(head[-1]) + 1 if head else 0
    end = len(found) - 1 - found[::-1].index(tail[0]) if tail else len(found)
    return indented("\n".join(found[start:end]), " " * outside).lstrip("\n")


def _blanks(documented: _Piece | None, before: _Piece, piece: _Piece, ended: bool) -> int:
    """Return how many blank lines precede a piece.

    `documented` is the piece that the docstring `before` documents. `ended`: `before` was the last
    piece of a function.
    """
    if piece.indent:
        if documented is not None and documented.text.lstrip(" ").startswith("class "):
            return 1
        if _DEFINITION.match(piece.text):
            opens = before.indent < piece.indent and _DEFINITION.match(before.text)
            return 0 if opens or before.text.lstrip(" ").startswith("@") else 1
        return 1 if ended else 0 if before.text.endswith(":") else min(piece.blanks, 1)
    if before.text.startswith("@") or piece.text[0] in ")]}":
        return 0
    if before.is_docstring and not before.indent:
        return 1
    is_apart = before.indent or _DEFINITION.match(piece.text)
    return 2 if is_apart else min(piece.blanks, 2)
