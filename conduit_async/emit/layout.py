"""Black's form of a module, at a fraction of black's cost.

What lowering writes has black's form already, one statement a line, unless a line is too long or a
docstring is out of the ordinary. So only these are handed to black; the blank lines between
definitions are set here. Tests make sure that black changes nothing in a whole module.
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
"""Before a statement's line while a module is put together: the line of its source.

The path of another source than the module's follows, quoted.
"""

_FRAMES = {
    '"""': (("class _:",), ()),
    "case": (("match _:",), ("        pass",)),
    "match": ((), ("    # _", "    case _:", "        pass")),
    "elif": (("if _:", "    pass"), ("    pass",)),
    "except": (("try:", "    pass"), ("    pass",)),
    "@": ((), ("def _():", "    pass")),
}
"""The lines before and after a line with which it is Python, by its first word.

The last one before and the first one after are left as they are, however narrow the page.
"""


@dataclass(frozen=True, slots=True)
class Formatted:
    """A file in black's form; `lines` leads from lines that start a statement to the source's.

    A line of another source than the module's is a text, as "user.conduit:7".
    """

    text: str
    lines: dict[int, int | str]


def mark(span: Span | None, own: str) -> str:
    """What marks the line of a statement that starts there; None: it starts none.

    `own` is the path of the module's source.
    """
    if span is None:
        return ""
    path = span.source.path
    other = "" if path == own else f":{quote(path, errors='surrogatepass')}"
    return f"\ue000{span.line}{other}\ue001"


def format_all(marked: Iterable[str]) -> Iterator[Formatted]:
    """The forms of texts with marks."""
    return map(format_marked, marked)


def format_marked(marked: str) -> Formatted:
    """The form of a text with marks."""
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
    """A statement's line or a docstring: its text, its line from 0, the blank lines before it."""

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
        if self.is_docstring:  # further lines may be no deeper than they need to be
            inner = [line for line in further[:-1] if line]
            is_dedented = not inner or any(line[self.indent] != " " for line in inner)
            return not (_PLAIN_DOCSTRING.fullmatch(self.text) and is_dedented)
        if first.startswith("#") or first.endswith(","):  # of a collection of many lines
            return False
        return _columns(first) > WIDTH or _TRAILING_COMMA.search(first) is not None


def lay_out(text: str) -> tuple[str, Sequence[int]]:
    """A module in black's form, and for each line of the text the line where it is now.

    `text` has one statement a line, and docstrings of many lines.
    Text that is not valid Python stays as it is; `conduitc gen` reports it before it writes.
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
    functions: list[int] = []  # the indents of those around a piece
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
    """How many columns a line takes at most."""
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
    """A statement's line or a docstring in black's form."""
    import black  # slow to import, and small modules do not need it
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
    """How many blank lines precede a piece.

    `documented` is what `before` documents; `ended`: `before` was the last piece of a function.
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
