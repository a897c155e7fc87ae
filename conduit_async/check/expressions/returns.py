"""`return`, and the result of a function."""

from ... import ast
from ...analyses.results import block_results
from ...source import Span
from ...types import NIL, NilType
from ..body import Body
from ..lattice import may_be_nil
from ..require import require
from ..wording import describe


def check_return(body: Body, node: ast.Return) -> None:
    """Check a `return` and the value that it gives."""
    target = body.return_target
    target.types.append(NIL if node.value is None else body.infer(node.value))
    if target.kind == "function" and target.expected is not None:
        if node.value is not None:
            require(body, node.value, target.expected, "the result")
        else:
            _require_nil(body, node.span, "nil cannot be the result: the function gives")
    elif target.kind in ("hook", "job") and node.value is not None:
        left = "hook" if target.kind == "hook" else "`@async` block"
        message = f"this value goes nowhere: `return` only leaves the {left}"
        body.warning("PAT403", node.value, message, "write `return` alone")


def check_result(body: Body, block: ast.Block, diverges: bool) -> None:
    """Check the result of a function, unless its block diverges."""
    expected = body.return_target.expected
    if diverges or expected is None or isinstance(expected, NilType):
        return
    if body.env.unparsed.touches(block.span):
        return
    ends = block_results(block)
    for end in ends:
        if end is not None and not isinstance(end, ast.BadExpr):
            require(body, end, expected, "the result")
    # Where a brace is missing, the rest of the body may stand elsewhere.
    if None in ends and block.span.source not in body.env.unparsed.unbalanced:
        name = body.function.name if body.function is not None else "this"
        at = block.statements[-1].span if block.statements else block.span
        _require_nil(body, at, f"`{name}` may end without a result, and it gives")


def _require_nil(body: Body, at: Span, gives: str) -> None:
    """Report a function that gives nil although its result must not be nil."""
    expected = body.return_target.expected
    if expected is not None and not may_be_nil(expected):
        message = f"{gives} {describe(expected)}"
        body.error("TYP101", at, message, "return a value on every path")
