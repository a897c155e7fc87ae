"""The text of a source, and spans of it."""

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property

from msgspec import Struct

_INDENT = re.compile(r"[ \t]*")


def printable(text: str, instead: str = "\N{REPLACEMENT CHARACTER}") -> str:
    """Return a text in one line that a message, a comment or a picture can show."""
    return "".join(char if char.isprintable() else instead for char in text)


@dataclass(frozen=True, eq=False)
class Source:
    """One source file: its path as the user wrote it (POSIX slashes) and its decoded text."""

    path: str
    text: str = field(repr=False)

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        starts.extend(i + 1 for i, char in enumerate(self.text) if char == "\n")
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """The line and column of a character offset, both counted from 1."""
        line = bisect_right(self._line_starts, offset) - 1
        return line + 1, offset - self._line_starts[line] + 1

    def offset(self, line: int, column: int = 1) -> int:
        """The character offset of a line and a column, or the nearest one that exists."""
        starts = self._line_starts
        start = starts[min(line, len(starts)) - 1]
        return max(0, min(start + column - 1, len(self.text)))

    def line(self, number: int) -> str:
        """The text of a line (counted from 1), without its line break; empty past the end."""
        if number > len(self._line_starts):
            return ""
        start = self._line_starts[number - 1]
        return self.text[start : self.line_end(start)]

    def line_start(self, offset: int) -> int:
        """The start of the line of an offset."""
        return self.text.rfind("\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """The end of the line of an offset, before its line break."""
        end = self.text.find("\n", offset)
        end = len(self.text) if end < 0 else end
        return end - 1 if self.text[end - 1 : end] == "\r" else end

    def indent(self, offset: int) -> int:
        """How many spaces and tabs the line of an offset begins with."""
        start = self.line_start(offset)
        found = _INDENT.match(self.text, start)
        return found.end() - start if found else 0


class Span(Struct, frozen=True):
    """The half-open range of character offsets `start` to `end` in a source."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        """The text of the span."""
        return self.source.text[self.start : self.end]

    @property
    def place(self) -> tuple[str, int]:
        """The path of its source and its start: the key by which spans are sorted."""
        return self.source.path, self.start

    @property
    def in_one_line(self) -> str:
        """The text with a space for each run of white space."""
        return " ".join(self.text.split())

    @property
    def line(self) -> int:
        """The line of its start, counted from 1."""
        return self.source.position(self.start)[0]

    def to(self, other: "Span") -> "Span":
        """From the start of this span to the end of another one in the same source."""
        return Span(self.source, self.start, other.end)

    def __repr__(self) -> str:
        line, column = self.source.position(self.start)
        return f"<{self.source.path}:{line}:{column}>"


def shorten(text: str, most: int = 40) -> str:
    """The text, cut so that it fits into a message."""
    return text if len(text) <= most else text[: most - 1] + "…"
