"""The lines of a module that start a statement of the source, through the layout."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..source import Span
from .layout import lay_out

_MARK = re.compile("^\ue000(\\d+)\ue001", re.MULTILINE)
"""Before a statement's line while a module is put together: the line of its source."""


@dataclass(frozen=True, slots=True)
class Formatted:
    """A file in black's form; `lines` leads from lines that start a statement to the source's."""

    text: str
    lines: dict[int, int]


def mark(span: Span | None) -> str:
    """What marks the line of a statement that starts there; None: it starts none."""
    return f"\ue000{span.line}\ue001" if span is not None else ""


def format_marked(marked: str) -> Formatted:
    """The form of a text with marks."""
    at = {
        number: int(found[1])
        for number, line in enumerate(marked.split("\n"))
        if (found := _MARK.match(line))
    }
    layout = lay_out(_MARK.sub("", marked))
    table = {layout.lines[number]: line for number, line in at.items()}
    return Formatted(layout.text, {number: table[number] for number in sorted(table) if number})


def format_all(marked: Iterable[str]) -> Iterator[Formatted]:
    """The forms of texts with marks."""
    return map(format_marked, marked)
