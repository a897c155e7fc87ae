"""The order in which operands run, and the one in which they are written."""

from collections.abc import Sequence
from functools import reduce
from operator import or_

from ... import ast
from ...python.code import Code, Effect


def source_order(nodes: Sequence[ast.Expr]) -> list[int]:
    """The indexes of expressions, in the order of the source."""
    return sorted(range(len(nodes)), key=lambda index: nodes[index].span.start)


def in_positions(parts: Sequence[Code], positions: Sequence[int]) -> list[Code]:
    """Operands in the order in which they are written."""
    return [parts[index] for index in sorted(range(len(parts)), key=positions.__getitem__)]


def running_late(parts: Sequence[Code], positions: Sequence[int] | None = None) -> set[int]:
    """The operands that would run later than they have to, in the order that they have here.

    Some need statements, which stand before all texts; and with `positions` they are written in
    another order.
    """
    late: set[int] = set()
    sooner = Effect.NONE  # what runs before the texts of all that is left of it
    for index in range(len(parts) - 1, -1, -1):
        effect = parts[index].effect
        written_before = [
            parts[later].effect
            for later in range(index + 1, len(parts) if positions else 0)
            if positions and positions[later] < positions[index]
        ]
        if effect.must_precede(reduce(or_, written_before, sooner)):
            late.add(index)
            sooner |= effect
        sooner = reduce(or_, (line.effect for line in parts[index].before), sooner)
    return late
