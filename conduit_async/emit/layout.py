"""Black's form of a module, at a fraction of black's cost.

What lowering writes has black's form already, one statement a line, unless a line is too long or a
docstring is out of the ordinary. So only these are handed to black, all those of a module at once;
the blank lines between definitions are set here. That a whole module then is as black would have
it is what the tests make sure of.
"""

import ast as python
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

WIDTH = 88
_SEPARATOR = "_"
_DEFINITION = re.compile(r"@|(?:async )?def |class ")
_NESTED = re.compile(r" +(?:async )?def .*:$")
_PLAIN_DOCSTRING = re.compile(r'( *)"""[^\s"\\](?:[^\\]*[^\s"\\](?:\n\1)?)?"""')
_IMPORT = re.compile(r"(from \S+ import )([\w, ]+)")
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
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def is_blank(self) -> bool:
        return not self.lines[0].strip()

    @property
    def needs_black(self) -> bool:
        first = self.lines[0]
        if self.is_docstring:
            return not (_PLAIN_DOCSTRING.fullmatch(self.text) and self._is_dedented)
        if first.startswith("#"):
            return False
        return _columns(first) > WIDTH or _TRAILING_COMMA.search(first) is not None

    @property
    def _is_dedented(self) -> bool:
        """Whether a docstring's further lines are no deeper than they need to be."""
        further = [line for line in self.lines[1:-1] if line]
        return not further or any(line[self.indent] != " " for line in further)


def lay_out(text: str) -> Layout:
    """The layout of a module; `text` has one statement a line, and docstrings of many lines.

    Text that is not valid Python stays as it is; `conduitc gen` reports it before it writes.
    """
    try:
        return _laid_out(text)
    except (SyntaxError, ValueError):  # black's InvalidInput is a ValueError
        return Layout(text, range(1, text.count("\n") + 2))


def _laid_out(text: str) -> Layout:
    lines = text.rstrip("\n").split("\n")
    if any(_NESTED.match(line) or _is_long_item(line) for line in lines):
        return _by_black(text)
    pieces = _pieces(lines)
    _format([piece for piece in pieces if not piece.is_blank and piece.needs_black])
    return _joined(pieces, len(lines))


def _is_long_item(line: str) -> bool:
    """Whether a line of a collection that was written on many lines is too long."""
    return line.endswith(",") and _columns(line) > WIDTH


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


def _format(pieces: Sequence[_Piece]) -> None:
    """Put black's lines in the place of each piece's own."""
    new = {piece.text: piece for piece in pieces}
    found = {
        text: _black(text).rstrip("\n")
        for text, piece in new.items()
        if piece.is_docstring and not piece.indent
    }
    found |= {text: _IMPORT.sub(_one_a_line, text) for text in new if _IMPORT.fullmatch(text)}
    rest = {text: piece for text, piece in new.items() if text not in found}
    if rest:
        found.update(zip(rest, _by_black_at_once([*rest.values()]), strict=True))
    for piece in pieces:
        piece.lines = found[piece.text].split("\n")


def _one_a_line(found: re.Match[str]) -> str:
    """What black makes of any import that is too long."""
    names = found[2].replace(", ", ",\n    ")
    return f"{found[1]}(\n    {names},\n)"


def _by_black_at_once(pieces: Sequence[_Piece]) -> Iterator[str]:
    framed = [_framed(piece) for piece in pieces]
    document = f"\n{_SEPARATOR}\n".join("\n".join([*a, *b, *c]) for a, b, c in framed)
    formatted = _black(document).rstrip("\n").split("\n")
    parts: list[list[str]] = [[]]
    for line in formatted:
        if line == _SEPARATOR:
            parts.append([])
        elif line or parts[-1]:
            parts[-1].append(line)
    for (head, _, tail), part in zip(framed, parts, strict=True):
        own = "\n".join(part).rstrip("\n").split("\n")[len(head) :]
        own = own[: len(own) - len(tail)]
        yield "\n".join(own[next(place for place, line in enumerate(own) if line) :])


def _black(text: str) -> str:
    import black  # slow to import, and small modules do not need it
    from black.mode import TargetVersion

    mode = black.Mode(target_versions={TargetVersion.PY311}, line_length=WIDTH)
    return black.format_str(text, mode=mode)


def _framed(piece: _Piece) -> tuple[list[str], list[str], list[str]]:
    """The piece with lines before and after it, with which it is Python at its indentation."""
    indent = piece.indent
    around = [f"{' ' * level}if _:" for level in range(0, indent, 4)]
    margin, inner = " " * indent, " " * (indent + 4)
    first = piece.lines[0].lstrip(" ")
    if piece.is_docstring:
        return [*around[:-1], f"{' ' * (indent - 4)}class _:"], piece.lines, []
    if first.startswith("@"):
        return around, piece.lines, [f"{margin}def _():", f"{inner}pass"]
    if not first.endswith(":"):
        return around, piece.lines, []
    tail = [f"{inner}pass"]
    if first.startswith("elif "):
        return [*around, f"{margin}if _:", *tail], piece.lines, tail
    if first.startswith("except"):
        return [*around, f"{margin}try:", *tail], piece.lines, tail
    if first.startswith("case "):
        return [*around[:-1], f"{' ' * (indent - 4)}match _:"], piece.lines, tail
    if first.startswith("match "):
        return around, piece.lines, [f"{inner}case _:", f"{inner}    pass"]
    return around, piece.lines, tail


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
    """The layout of a whole module by black, and where its statements went."""
    formatted = _black(text)
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
