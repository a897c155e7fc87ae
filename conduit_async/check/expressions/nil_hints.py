"""What to write where a nil may arrive: expressions that can be pasted in as they are."""

from ... import ast
from ...analyses.walk import walk
from ...types import BOOL, DECIMAL, FLOAT, INT, STRING, Array, Enum, Hash, Type, required

_FALLBACKS: dict[Type, str] = {STRING: '""', INT: "0", FLOAT: "0.0", DECIMAL: "0", BOOL: "false"}
_LOOSE = ast.Unary | ast.Binary | ast.Ternary | ast.Match


def value_hint(node: ast.Expr, shown: str, kind: Type, *, operand: bool = False) -> str:
    """How to give a value for nil; an operand takes parentheses, since `??` binds loosely."""
    if isinstance(node, ast.Rescue):
        return f"end the block of `rescue` with a value, such as `{_fallback(required(kind))}`"
    value = f"({shown})" if isinstance(node, ast.Ternary) else shown
    filled = f"{value} ?? {_fallback(required(kind))}"
    filled = f"({filled})" if operand else filled
    return (
        f"give a value for nil with `{filled}`, {check_first(node, shown)}, "
        f"or write `{parenthesized(node, shown)}!` to fail when it is nil"
    )


def member_hint(node: ast.Member, shown: str, called: str) -> str:
    """How to go on after a target that may be nil; `called` are the brackets of a call, if any."""
    target, name = parenthesized(node.target, shown), node.name.text
    return (
        f"write `{target}?.{name}{called}` to get nil then, {check_first(node.target, shown)}, "
        f"or write `{target}!.{name}{called}` to fail"
    )


def check_first(node: ast.Expr, shown: str) -> str:
    """How to make sure that a value is not nil; of a call, nothing is known at the next one."""
    if any(isinstance(each, ast.Call | _LOOSE) for each in walk(node)):
        return "keep it in a `let` and check that"
    return f"check `{shown} != nil` first"


def parenthesized(node: ast.Expr, shown: str) -> str:
    """An expression as the left part of a `.`, a `!` or an index."""
    return f"({shown})" if isinstance(node, _LOOSE) else shown


def _fallback(kind: Type) -> str:
    """An empty value of a type."""
    match kind:
        case Array():
            return "[]"
        case Hash():
            return "{}"
        case Enum(values=values):
            return f'"{values[0]}"'
    return _FALLBACKS.get(kind, "…")
