"""The block of a job in its source, with the line at which it failed."""

from collections.abc import Sequence
from dataclasses import dataclass

from conduit_runtime.model.type_description import TypeSource


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of a block, by its number in the file."""

    number: int
    text: str
    is_failing: bool = False


def lines_of(source: TypeSource, place: str | None) -> Sequence[SourceLine]:
    """The lines of the block, without the indentation they share.

    `place` is where an attempt failed, as in "resources/order.conduit:43".
    """
    path, _, number = (place or "").rpartition(":")
    is_here = path == source.path and number.isdecimal() and len(number) < 10
    failing = int(number) if is_here else 0
    texts = source.text.expandtabs(2).splitlines()
    shared = min((len(text) - len(text.lstrip()) for text in texts[1:] if text.strip()), default=0)
    return [
        SourceLine(at, _without(text, shared), at == failing)
        for at, text in enumerate(texts, source.line)
    ]


def _without(text: str, indentation: int) -> str:
    blank = len(text) - len(text.lstrip())
    return text[min(blank, indentation) :]
