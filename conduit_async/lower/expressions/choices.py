"""`match` and `rescue` as values."""

from dataclasses import replace

from ... import ast
from ...python.code import Code
from ...types import ANY, DECIMAL, is_nullable, optional, required
from ..functions import variables
from ..functions.blocks import value
from ..functions.destination import Destination
from ..functions.function_builder import FunctionBuilder
from ..python.typing import DYNAMIC, type_of
from .dispatch import Lowering, Operand, rule


@rule(ast.Match, ast.Rescue)
def as_value(fn: FunctionBuilder, node: ast.Match | ast.Rescue, operand: Operand) -> Lowering:
    """Store the value of a `match` or `rescue` inside an expression in a variable."""
    name = fn.names.fresh("result" if isinstance(node, ast.Match) else node)
    expected = type_of(fn, node)
    if operand.expected is not None and required(operand.expected) != DECIMAL:
        expected = optional(operand.expected) if is_nullable(expected) else operand.expected
    kind = fn.module.annotation(expected)
    if operand.composed:
        kind = variables.select_type(fn, type_of(fn, node))
    dest = Destination("name", name, kind, expected, first=True, composed=operand.composed)
    return Code(name, before=tuple(value(fn, node, dest)))
    yield


def of_arms(fn: FunctionBuilder, node: ast.Match | ast.Rescue, dest: Destination) -> Destination:
    """Return the destination of the arms' values."""
    hides = type_of(fn, node) in DYNAMIC and required(dest.expected or ANY) not in DYNAMIC
    return replace(dest, annotation=None, first=False, unchecked=dest.unchecked or hides)
