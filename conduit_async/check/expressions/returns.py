"""`return`, and the result of a function."""

from ... import ast
from ...analyses.results import block_results
from ...types import NIL, NilType, Type, is_nullable
from ..body import Body
from ..lattice import is_unknown
from ..require import require
from ..wording import describe


def check_return(body: Body, node: ast.Return) -> None:
    """Check a `return` and the value that it gives."""
    return_target = body.return_target
    if node.value is None:
        if return_target.kind == "function" and return_target.expected is not None:
            _missing_value(body, node, return_target.expected)
        return_target.types.append(NIL)
        return
    return_target.types.append(body.infer(node.value))
    if return_target.kind == "function" and return_target.expected is not None:
        require(body, node.value, return_target.expected, "the result")
    elif return_target.kind in ("hook", "job"):
        body.warning(
            "PAT403",
            node.value,
            "this value goes nowhere: `return` only leaves the "
            + ("hook" if return_target.kind == "hook" else "`@async` block"),
            "write `return` alone",
        )


def _missing_value(body: Body, node: ast.Node, expected: Type) -> None:
    if not is_nullable(expected) and not is_unknown(expected):
        message = f"nil cannot be the result: the function gives {describe(expected)}"
        body.error("TYP101", node, message, "return a value on every path")


def check_result(body: Body, block: ast.Block, diverges: bool) -> None:
    """Check the result of a function, unless control never comes out at its end."""
    expected = body.return_target.expected
    if diverges or expected is None or isinstance(expected, NilType):
        return
    if body.env.unparsed.touches(block.span):
        return
    ends = block_results(block)
    for end in ends:
        if end is not None and not isinstance(end, ast.BadExpr):
            require(body, end, expected, "the result")
    if None in ends and not is_nullable(expected) and not is_unknown(expected):
        name = body.function.name if body.function is not None else "this"
        place = block.statements[-1].span if block.statements else block.span
        message = f"`{name}` may end without a result, and it gives {describe(expected)}"
        body.error("TYP101", place, message, "return a value on every path")
