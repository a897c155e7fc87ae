"""The order in which operands run, and the order in which they are written."""

from collections.abc import Sequence
from functools import reduce
from operator import or_

from ... import ast
from ...python.code import Code, Effect


def source_order(nodes: Sequence[ast.Expr]) -> list[int]:
    """Return the indexes of expressions, in the order of the source."""
    return sorted(range(len(nodes)), key=lambda index: nodes[index].span.start)


def in_positions(parts: Sequence[Code], positions: Sequence[int]) -> list[Code]:
    """Return operands in the order in which they are written."""
    return [parts[index] for index in sorted(range(len(parts)), key=positions.__getitem__)]


def running_late(parts: Sequence[Code], positions: Sequence[int] | None = None) -> set[int]:
    """Return the indexes of operands that would run too late for the given order.

    Some operands need statements, which precede all texts. `positions` may write the texts in
    another order.
    """
    late: set[int] = set()
    sooner = Effect.NONE  # effects that run before the texts of the operands to the left
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
