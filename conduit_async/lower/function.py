"""Whole Python functions: what a module consists of."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from .. import ast
from ..program import Facts, Local
from ..source import Span
from ..walk import walk
from .code import Line


@dataclass(frozen=True)
class Function:
    """A Python function, ready to be written."""

    name: str
    parameters: tuple[str, ...]
    result: str
    body: tuple[Line, ...]
    doc: str | None = None
    decorator: str | None = None
    is_async: bool = False
    span: Span | None = None


@dataclass(frozen=True)
class Class:
    """A payload class: its fields as name and annotation; `named` is the decorator's text.

    `dataclass` is what its module calls `dataclasses.dataclass`.
    """

    name: str
    dataclass: str
    fields: tuple[tuple[str, str], ...]
    named: str | None = None
    doc: str | None = None


@dataclass(frozen=True)
class Locals:
    """Which locals the code of a function reads, and which it assigns after their `let`."""

    read: frozenset[Local] = field(default=frozenset())
    assigned: frozenset[Local] = field(default=frozenset())


def survey(facts: Facts, bodies: Iterable[ast.Node]) -> Locals:
    """Find the locals that are read and those that are assigned."""
    read: set[Local] = set()
    assigned: set[Local] = set()
    targets: set[ast.Node] = set()
    for body in bodies:
        for node in walk(body):
            if isinstance(node, ast.Assign):
                targets.add(node.target)
            local = facts.resolutions.get(node)
            if isinstance(local, Local):
                (assigned if node in targets else read).add(local)
            elif (called := getattr(local, "local", None)) is not None:
                read.add(called)
    return Locals(frozenset(read), frozenset(assigned))


def uses(lines: Iterable[Line], name: str) -> bool:
    """Whether lines mention a variable."""
    import re

    pattern = re.compile(rf"(?<![\w.]){re.escape(name)}\b")
    return any(pattern.search(line.text) for line in lines)


def trimmed(lines: list[Line]) -> list[Line]:
    """A body without a bare `return` at its end."""
    while lines and lines[-1].text == "return" and lines[-1].indent == 0:
        lines = lines[:-1]
    return lines
