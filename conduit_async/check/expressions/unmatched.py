"""Values that no arm of a `match` takes: it gives nil for them."""

from collections.abc import Collection, Iterator

from ... import ast
from ...analyses.results import block_results, matches
from ...source import Span
from ...types import BOOL, Enum, Type, is_nullable, required
from ..body import Body
from ..coercion import constant_text


def unmatched(subject: Type, covered: Collection[ast.Pattern]) -> tuple[str, ...]:
    """The patterns that are missing among those of all arms, none of which takes everything."""
    kind = required(subject)
    if isinstance(kind, Enum):
        texts = {constant_text(each) for each in covered if not isinstance(each, ast.Wildcard)}
        texts.discard(None)
        if not texts <= {*kind.values}:
            return ()  # a typo, which is reported and may be the missing one
        missing = [f'"{value}"' for value in kind.values if value not in texts]
    elif kind == BOOL:
        bools = {pattern.value for pattern in covered if isinstance(pattern, ast.Bool)}
        missing = [word for word, value in (("true", True), ("false", False)) if value not in bools]
    else:
        return ("_",)
    if is_nullable(subject) and not any(isinstance(pattern, ast.Nil) for pattern in covered):
        missing.append("nil")
    return tuple(missing)


def open_matches(body: Body, node: ast.Expr) -> Iterator[ast.Match]:
    """Each `match` through which nil may come out of an expression, as no arm takes a value."""
    pending = [node]
    while pending:
        current = pending.pop()
        for each in matches(current):
            if body.facts.unmatched.get(each):
                yield each
        match current:
            case ast.Binary(operator="??" | "or", right=right):
                pending.append(right)
            case ast.Rescue(operand=operand, body=block):
                ends = [end for end in block_results(block) if end is not None]
                pending += [*reversed(ends), operand]


def head(node: ast.Match) -> Span:
    """Where a `match` begins, with the value that it looks at."""
    return Span(node.span.source, node.span.start, node.subject.span.end)


def describe_unmatched(body: Body, node: ast.Match) -> str:
    """In a message: for what a `match` gives nil."""
    missing = body.facts.unmatched[node]
    if missing == ("_",):
        return "gives nil when no arm matches"
    listed = ", ".join(f"`{each}`" for each in missing)
    return f"has no arm for {listed}, so it may give nil"


def missing_arms(body: Body, node: ast.Match) -> str:
    """The hint: what to add."""
    missing = body.facts.unmatched[node]
    if missing == ("_",):
        return "add an arm for everything else: `_ => …`"
    arms = ", ".join(f"{each} => …" for each in missing)
    return f"add what is missing: `{arms}`"
