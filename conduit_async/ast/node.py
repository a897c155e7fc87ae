"""What all nodes share."""

from dataclasses import dataclass

from ..source import Span


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """Anything with a place in a source."""

    span: Span


@dataclass(frozen=True, eq=False, slots=True)
class Name(Node):
    """An identifier; a trailing `?` or `!` that belongs to it is part of `text`."""

    text: str
