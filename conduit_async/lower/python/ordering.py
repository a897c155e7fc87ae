"""Operands that are written in another order than they are evaluated in: that of the source."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ... import ast
from ...python.code import Code, Line
from ..functions.function_builder import FunctionBuilder
from ..sql.sql import Select


def source_order(nodes: Sequence[ast.Expr]) -> list[int]:
    """The indexes of expressions, in the order in which they stand in the source."""
    return sorted(range(len(nodes)), key=lambda index: nodes[index].span.start)


def in_positions(parts: Sequence[Code], positions: Sequence[int]) -> list[Code]:
    """Operands in the order in which they are written: each at its place."""
    return [
        part for _, part in sorted(zip(positions, parts, strict=True), key=lambda each: each[0])
    ]


def values_in_order(fn: FunctionBuilder, select: Select, positions: Sequence[int]) -> Select:
    """A query with its values and bounds evaluated in an order, whatever order SQL has.

    The statements that they need stand before the first of them.
    """
    parts = [*select.values, *select.bounds]
    ordered = fn.in_order([parts[place] for place in positions], positions=positions)
    lines = [line for part in ordered for line in part.before]
    parts = [replace(part, before=()) for part in in_positions(ordered, positions)]
    return prepared(select.filled(parts), lines)


def prepared(select: Select, lines: Iterable[Line]) -> Select:
    """A query before whose values some statements run."""
    parts = [*select.values, *select.bounds]
    for index, part in enumerate(parts):
        if not part.text.isdigit():
            parts[index] = replace(part, before=(*part.before, *lines))
            return select.filled(parts)
    return replace(select, before=(*select.before, *lines))
