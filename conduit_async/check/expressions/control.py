"""Expressions that choose: `? :`, `match` and `rescue`."""

from ... import ast
from ...types import ANY, ERROR, NIL, Range, Type, required
from ..body import Body, Inference, ReturnTarget, rule
from ..lattice import join_all, may_be_equal
from ..names.shadowing import warn_of_shadowing
from ..require import check_enum
from ..wording import describe, snippet
from .literals import join_values
from .narrow import forget_assigned, narrowing_of, path_of
from .patterns import EarlierPatterns
from .statements import Flow, check_block
from .unmatched import unmatched


@rule(ast.Ternary)
def ternary(body: Body, node: ast.Ternary) -> Inference:
    """Each side is read with what the condition implies."""
    yield node.condition
    implied, before = narrowing_of(body, node.condition), body.non_nil
    body.non_nil = before | implied.when_true
    then = yield node.then
    body.non_nil = before | implied.when_false
    otherwise = yield node.otherwise
    body.non_nil = before
    return join_values(node.then, then, node.otherwise, otherwise)


@rule(ast.Match)
def match(body: Body, node: ast.Match) -> Inference:
    """`match` as a value or as a statement."""
    yield node.subject
    flow = _arms(body, node, value=node not in body.discarded)
    if flow.diverges:
        body.diverging.add(node)
    return flow.type


@rule(ast.Rescue)
def rescue(body: Body, node: ast.Rescue) -> Inference:
    """`rescue`; as a value, the block's `return` or last expression is the fallback."""
    kind = yield node.operand
    return _rescued(body, node, kind, value=node not in body.discarded)


def _arms(body: Body, node: ast.Match, *, value: bool) -> Flow:
    subject = body.type_of(node.subject)
    before = rest = body.non_nil
    path = path_of(body, node.subject)
    after: list[frozenset[tuple[object, ...]]] = []
    types: list[Type] = []
    exhausted = False
    covered: set[ast.Pattern] = set()
    earlier = EarlierPatterns()
    for arm in node.arms:
        if exhausted:
            body.warning(
                "SEM213", arm, "this arm is never reached", "an arm above takes everything"
            )
        body.non_nil = rest
        for pattern in arm.patterns:
            if not exhausted:
                earlier.check(body, pattern)
            exhausted |= _pattern(body, node, pattern, subject)
        covered |= {*arm.patterns}
        takes_nil = any(isinstance(pattern, ast.Nil | ast.Wildcard) for pattern in arm.patterns)
        if path is not None and not takes_nil:
            body.non_nil |= {path}
        if path is not None and any(isinstance(pattern, ast.Nil) for pattern in arm.patterns):
            rest |= {path}
        flow = check_block(body, arm.body, value=value)
        if not flow.diverges:
            types.append(flow.type)
            after.append(body.non_nil)
    is_read = not body.env.unparsed.touches(node.span)
    missing = unmatched(subject, covered) if is_read and not exhausted else ()
    body.facts.unmatched[node] = missing
    if missing:
        types.append(NIL)
        after.append(rest)
    body.non_nil = frozenset.intersection(*after) if after else before
    ends = not missing and not after and bool(node.arms)
    return Flow(ends, join_all(types))


def _pattern(body: Body, node: ast.Match, pattern: ast.Pattern, subject: Type) -> bool:
    """Check a pattern; whether it takes everything."""
    if isinstance(pattern, ast.Wildcard):
        return True
    kind = body.infer(pattern)
    if check_enum(body, pattern, subject, f"`{snippet(node.subject)}`"):
        return False
    if not may_be_equal(subject, kind.item if isinstance(kind, Range) else kind):
        body.warning(
            "PAT402",
            pattern,
            f"`{snippet(node.subject)}` is {describe(required(subject))}, "
            f"so it never matches {describe(kind)}",
        )
    return False


def _rescued(body: Body, node: ast.Rescue, kind: Type, *, value: bool) -> Type:
    completed = body.non_nil
    before, return_target = body.enter(), body.return_target
    if value:
        body.return_target = ReturnTarget("value")
    if node.error is not None:
        warn_of_shadowing(body, node.error)
        body.facts.declared[node] = body.declare(node.error, ERROR, "error")
    flow = check_block(body, node.body, value=value, scope=False)
    types = [kind, *(body.return_target.types if value else [])]
    if not flow.diverges:
        types.append(flow.type)
        forget_assigned(body, [node.body])
        completed &= body.non_nil
    body.scope, body.return_target, body.non_nil = before, return_target, completed
    return join_all(types) if value else ANY
