"""Python statements that can be moved and changed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from ...python.code import Line
from .names_used import NameUses, name_uses


@dataclass(eq=False)
class Statement:
    """A statement that can be changed; `block` is empty for a simple one.

    If it `is_rest`, its block holds the remaining arms of a chain that is too long.
    """

    line: Line
    block: list["Statement"] = field(default_factory=list)
    is_rest: bool = False

    @property
    def uses(self) -> NameUses:
        """The names that its line uses."""
        return name_uses(self.line)

    @property
    def is_function(self) -> bool:
        """Whether it is a `def`."""
        return self.line.word == "def"

    def write(self, text: str) -> None:
        """Replace its line."""
        self.line = replace(self.line, text=text)


def as_lines(statements: Iterable[Statement]) -> tuple[Line, ...]:
    """Return the statements as lines."""
    return tuple(
        each.line if each.line.block is None else replace(each.line, block=as_lines(each.block))
        for each in statements
    )


def every(statements: Iterable[Statement]) -> Iterator[Statement]:
    """Yield the statements, and all statements in their blocks."""
    for each in statements:
        yield each
        yield from every(each.block)


def own(statements: Iterable[Statement]) -> Iterator[Statement]:
    """Yield the statements of one function, without those of nested functions."""
    for each in statements:
        yield each
        if not each.is_function:
            yield from own(each.block)


def assigned(statements: Iterable[Statement]) -> set[str]:
    """Return the names that statements assign."""
    return {name for each in statements for name in each.uses.assigned}


def mentioned(statements: Iterable[Statement]) -> set[str]:
    """Return the names that statements mention, without those in their blocks."""
    return {name for each in statements for name in each.uses.names}


def compound(head: str, block: list[Statement]) -> Statement:
    """Build a compound statement."""
    return Statement(Line(head, ()), block)
