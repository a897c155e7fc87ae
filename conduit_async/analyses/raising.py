"""Code that always raises an error: `error("…")`, and whatever needs its value."""

from .. import ast
from ..program import Facts, RaiseCall, RecordCall, RelationUse
from .walk import is_safe


def always_raises(facts: Facts, node: ast.Expr) -> bool:
    """Whether an expression always raises an error, by what is known of its parts."""
    if isinstance(facts.resolutions.get(node), RaiseCall):
        return True
    return bool(facts.raising) and any(each in facts.raising for each in evaluated(facts, node))


def evaluated(facts: Facts, node: ast.Expr) -> list[ast.Expr]:
    """The operands that an expression always evaluates before it has a value, in their order."""
    match node:
        case ast.Unary(operand=operand) | ast.Unwrap(operand=operand):
            return [operand]
        case ast.Binary(operator="and" | "or" | "??", left=left):
            return [left]
        case ast.Binary(left=left, right=right):
            return [left, right]
        case ast.Ternary(condition=condition):
            return [condition]
        case ast.Match(subject=subject):
            return [subject]
        case ast.ArrayLiteral(items=items):
            return list(items)
        case ast.HashLiteral(entries=entries):
            return [each for entry in entries for each in (entry.key, entry.value)]
        case ast.String(parts=parts):
            return [part for part in parts if not isinstance(part, str)]
        case ast.Member(target=target):
            return [target]
        case ast.Index(target=target, index=index):
            return [target] if is_safe(target) else [target, index]
        case ast.Call(callee=callee, arguments=arguments):
            owner = [callee.target] if isinstance(callee, ast.Member) else []
            is_query = isinstance(facts.resolutions.get(node), RecordCall | RelationUse)
            if is_query or is_safe(callee):  # a query evaluates its arguments where it runs
                return owner
            return [*owner, *(each.value for each in arguments)]
    return []


def raised_in(facts: Facts, statement: ast.Statement) -> ast.Expr | None:
    """The expression by which a statement always raises an error, if it does."""
    node: ast.Expr | None = None
    match statement:
        case ast.Let() | ast.Assign() | ast.ExprStatement() | ast.Return():
            node = statement.value
        case ast.Raise():
            node = statement.message
        case ast.For():
            node = statement.iterable
        case ast.If():
            node = statement.branches[0].condition
    return node if node in facts.raising else None
