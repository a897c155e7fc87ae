"""Reports nil where it is not allowed, with code to paste that handles it."""

from collections.abc import Iterator

from ... import ast
from ...analyses.results import block_results, matches
from ...analyses.walk import walk
from ...diagnostics import Related
from ...program import Local, RelationUse, SelfColumn
from ...source import Span
from ...types import BOOL, DECIMAL, FLOAT, INT, STRING, Array, Enum, Hash, Type, required
from ..body import Body
from ..wording import snippet

_FALLBACKS: dict[Type, str] = {STRING: '""', INT: "0", FLOAT: "0.0", DECIMAL: "0", BOOL: "false"}
_LOOSE = ast.Unary | ast.Binary | ast.Ternary | ast.Match


def report_maybe_nil(
    body: Body, node: ast.Expr, what: str, *related: Related, operand: bool = False
) -> None:
    """Report a value that may be nil; an operand takes parentheses, since `??` binds loosely."""
    shown, fallback = snippet(node), _fallback(required(body.type_of(node)))
    if isinstance(node, ast.Rescue):
        hint = f"end the block of `rescue` with a value, such as `{fallback}`"
    else:
        filled = f"{f'({shown})' if isinstance(node, ast.Ternary) else shown} ?? {fallback}"
        hint = (
            f"give a value for nil with `{f'({filled})' if operand else filled}`, "
            f"{_check_first(node)}, or write `{parenthesized(node)}!` to fail when it is nil"
        )
    _report(body, node, f"and {what} needs a value", hint, *related)


def report_nil_target(body: Body, node: ast.Member) -> None:
    """Report a target of a `.` that may be nil."""
    text, end = node.span.source.text, node.span.end
    brackets = "()" if text.startswith("()", end) else "(…)" if text.startswith("(", end) else ""
    target, read = parenthesized(node.target), f"{node.name.text}{brackets}"
    hint = (
        f"write `{target}?.{read}` to get nil then, {_check_first(node.target)}, "
        f"or write `{target}!.{read}` to fail"
    )
    _report(body, node.target, f"which has no `{node.name.text}`", hint)


def report_nil_items(body: Body, node: ast.Index) -> None:
    """Report a target of an index that may be nil."""
    read = f"{parenthesized(node.target)}![{snippet(node.index)}]"
    hint = f"{_check_first(node.target)}, or write `{read}` to fail"
    _report(body, node.target, "which has no items", hint)


def report_nil_match(body: Body, node: ast.Match, what: str, *related: Related) -> None:
    """Report a `match` that gives nil for values that no arm takes."""
    lacks, hint = _lacks(body, node)
    message = f"`{snippet(_head(node))}` {lacks}, and {what} needs a value"
    body.error("TYP101", _head(node), message, hint, *related)


def _report(body: Body, node: ast.Expr, needs: str, hint: str, *related: Related) -> None:
    if (found := next(_open_matches(body, node), None)) is not None:
        _, hint = _lacks(body, found)
    message = f"`{snippet(node)}` may be nil, {needs}"
    body.error("TYP101", node, message, hint, *(related or _declared(body, node)))


def _declared(body: Body, node: ast.Expr) -> tuple[Related, ...]:
    """The origin of an expression's nil: a field, or the `match` in a local's value."""
    match body.facts.resolutions.get(node):
        case SelfColumn(column=column) if column.span is not None:
            return (Related(column.span, "declared here, with `?`"),)
        case RelationUse(relation=relation) if relation.span is not None and relation.nullable:
            return (Related(relation.span, "declared here"),)
        case Local(value=value) if value is not None:
            for found in _open_matches(body, value):
                return (Related(_head(found), f"this {_lacks(body, found)[0]}"),)
    return ()


def parenthesized(node: ast.Expr) -> str:
    """An expression as the left part of a `.`, a `!` or an index."""
    return f"({snippet(node)})" if isinstance(node, _LOOSE) else snippet(node)


def _check_first(node: ast.Expr) -> str:
    """Say how to check for nil; a call must be kept, since the next call may give nil."""
    if any(isinstance(each, ast.Call | _LOOSE) for each in walk(node)):
        return "keep it in a `let` and check that"
    return f"check `{snippet(node)} != nil` first"


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


def _open_matches(body: Body, node: ast.Expr) -> Iterator[ast.Match]:
    """Each `match` that may make an expression nil, because it lacks an arm for some value."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield from (each for each in matches(current) if body.facts.unmatched.get(each))
        match current:
            case ast.Binary(operator="??" | "or", right=right):
                pending.append(right)
            case ast.Rescue(operand=operand, body=block):
                ends = [end for end in block_results(block) if end is not None]
                pending += [*reversed(ends), operand]


def _head(node: ast.Match) -> Span:
    """The start of a `match`, with the value that it matches."""
    return Span(node.span.source, node.span.start, node.subject.span.end)


def _lacks(body: Body, node: ast.Match) -> tuple[str, str]:
    """The words of a message for the values that a `match` lacks, and the hint what to add."""
    missing = body.facts.unmatched[node]
    if missing == ("_",):
        return "gives nil when no arm matches", "add an arm for everything else: `_ => …`"
    patterns = ", ".join(f"`{each}`" for each in missing)
    arms = ", ".join(f"{each} => …" for each in missing)
    return f"has no arm for {patterns}, so it may give nil", f"add what is missing: `{arms}`"
