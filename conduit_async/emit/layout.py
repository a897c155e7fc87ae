"""Black's form of a module, at a fraction of black's cost.

What lowering writes has black's form already, one statement a line, unless a line is too long.
Such lines are broken as black breaks them, and blank lines are set between definitions. A module
with something rare (a nested function, a long `with`, wide characters) is handed to black itself.
That the outcome is as black would have it is what the tests make sure of.
"""

import ast as python
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

from .lines import WIDTH
from .split import UnsureError, split

_DEFINITION = re.compile(r"@|(?:async )?def |class ")
_NESTED = re.compile(r" +(?:async )?def .*:$")
_PLAIN_DOCSTRING = re.compile(r'( *)"""[^\s"\\](?:[^\\]*[^\s"\\](?:\n\1)?)?"""')
_TRAILING_COMMA = re.compile(r",\s*[)\]}]")


@dataclass(frozen=True, slots=True)
class Layout:
    """A module in black's form, and for each line of what was given the line where it stands."""

    text: str
    lines: Sequence[int]


@dataclass(slots=True)
class _Piece:
    """Lines that belong together: a statement, or a docstring; `source` counts from 0."""

    source: int
    lines: list[str]
    is_docstring: bool = False

    @property
    def indent(self) -> int:
        return len(self.lines[0]) - len(self.lines[0].lstrip(" "))

    @property
    def is_blank(self) -> bool:
        return not self.lines[0].strip()

    def settle(self) -> None:
        """Give it black's form, if it does not have it yet; raises `UnsureError`."""
        first = self.lines[0]
        if self.is_docstring:
            if not (_PLAIN_DOCSTRING.fullmatch("\n".join(self.lines)) and self._is_dedented):
                raise UnsureError
        elif first.startswith("#"):
            return
        elif _columns(first) > WIDTH or _TRAILING_COMMA.search(first):
            self.lines = split(first.lstrip(" "), self.indent)

    @property
    def _is_dedented(self) -> bool:
        """Whether a docstring's further lines are no deeper than they need to be."""
        further = [line for line in self.lines[1:-1] if line]
        return not further or any(line[self.indent] != " " for line in further)


def lay_out(text: str) -> Layout:
    """The layout of a module; `text` has one statement a line, and docstrings of many lines."""
    lines = text.rstrip("\n").split("\n")
    pieces = _pieces(lines)
    try:
        if any(map(_NESTED.match, lines)):
            raise UnsureError
        for piece in pieces:
            piece.settle()
    except UnsureError:
        return _by_black(text)
    return _joined(pieces, len(lines))


def _columns(line: str) -> int:
    """How many columns a line takes at most."""
    wide = () if line.isascii() else (east_asian_width(char) in "WF" for char in line)
    return len(line) + sum(wide)


def _pieces(lines: Sequence[str]) -> list[_Piece]:
    pieces: list[_Piece] = []
    rest = iter(enumerate(lines))
    for number, line in rest:
        piece = _Piece(number, [line], line.lstrip(" ").startswith('"""'))
        if piece.is_docstring and not (len(line.strip()) >= 6 and line.endswith('"""')):
            for _, more in rest:
                piece.lines.append(more)
                if more.endswith('"""'):
                    break
        pieces.append(piece)
    return pieces


def _joined(pieces: Sequence[_Piece], count: int) -> Layout:
    out: list[str] = []
    places = [0] * count
    before: _Piece | None = None
    documented: _Piece | None = None
    blanks = 0
    for piece in pieces:
        if piece.is_blank:
            blanks += 1
            continue
        if before is not None:
            out += [""] * _blanks(documented, before, piece, blanks)
        places[piece.source] = len(out) + 1
        out += piece.lines
        documented = before if piece.is_docstring else None
        before, blanks = piece, 0
    return Layout("\n".join(out) + "\n", places)


def _blanks(documented: _Piece | None, before: _Piece, piece: _Piece, given: int) -> int:
    """How many blank lines stand before a piece; `documented` is what `before` documents."""
    first, last = piece.lines[0], before.lines[-1]
    if piece.indent:
        of_class = documented is not None and documented.lines[0].lstrip(" ").startswith("class ")
        return 1 if of_class else 0 if last.endswith(":") else min(given, 1)
    if before.lines[0].startswith("@") or first[0] in ")]}":
        return 0
    if before.is_docstring and not before.indent:
        return 1
    return 2 if before.indent or _DEFINITION.match(first) else min(given, 2)


def _by_black(text: str) -> Layout:
    """The layout of a module by black itself, and where its statements went."""
    import black  # slow to import, and seldom needed
    from black.mode import TargetVersion

    mode = black.Mode(target_versions={TargetVersion.PY311}, line_length=WIDTH)
    formatted = black.format_str(text, mode=mode)
    places = [0] * (text.count("\n") + 1)
    for old, new in zip(_statements(text), _statements(formatted), strict=True):
        places[old - 1] = new
    return Layout(formatted, places)


def _statements(text: str) -> Iterator[int]:
    """The lines on which the statements of a module start, decorators included."""
    pending: list[python.AST] = [python.parse(text)]
    while pending:
        node = pending.pop()
        if isinstance(node, python.FunctionDef | python.AsyncFunctionDef | python.ClassDef):
            yield from (decorator.lineno for decorator in node.decorator_list)
        if isinstance(node, python.stmt):
            yield node.lineno
        for name in ("body", "orelse", "handlers", "cases", "finalbody"):
            pending.extend(reversed(_list(node, name)))


def _list(node: python.AST, name: str) -> list[python.AST]:
    found = getattr(node, name, None)
    return found if isinstance(found, list) else []
