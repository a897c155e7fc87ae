"""Expressions with blocks: `? :`, `match`, `rescue` and lambdas."""

from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal

from ... import ast
from ...diagnostics import Related
from ...types import ANY, BOOL, ERROR, Enum, FunctionType, Range, Type, is_nullable, required
from ..body import Body, Inference, ReturnTarget, rule
from ..constants import UNKNOWN, ConstantValue, constant_of
from ..lattice import join_all, may_be_equal
from ..require import check_enum
from ..sizes import constant_number
from ..wording import describe, snippet
from .literals import join_values
from .narrow import by_values, forget_assigned, item_type, narrowing_of, path_of
from .statements import Branches, Flow, check_block, check_statements
from .warnings import warn_of_shadowing


@rule(ast.Ternary)
def ternary(body: Body, node: ast.Ternary) -> Inference:
    """Check `? :`, whose condition narrows each side."""
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
    subject = yield node.subject
    rest = body.non_nil
    path = path_of(body, node.subject)
    branches, earlier = Branches(), _EarlierPatterns()
    exhausted = False
    for arm in node.arms:
        if exhausted:
            hint = "an arm above takes everything"
            body.warning("SEM213", arm, "this arm is never reached", hint)
        body.non_nil = rest
        values = [
            None if isinstance(pattern, ast.Wildcard) else ast.constant_text(pattern)
            for pattern in arm.patterns
        ]
        one_of = by_values(body, node.subject, [each for each in values if each is not None])
        for pattern in arm.patterns:
            if isinstance(pattern, ast.Wildcard):
                exhausted = True
                continue
            first = None if exhausted else earlier.taking(pattern)
            if first is not None:
                message = f"`{pattern.span.text}` never matches here"
                hint, related = (
                    "remove it: an arm above takes it",
                    Related(first.span, "taken here"),
                )
                body.warning("SEM213", pattern, message, hint, related)
            _check_pattern(body, node, pattern, subject)
        if path is not None:
            if not any(isinstance(pattern, ast.Nil | ast.Wildcard) for pattern in arm.patterns):
                body.non_nil |= {path}
            if any(isinstance(pattern, ast.Nil) for pattern in arm.patterns):
                rest |= {path}
        if all(
            value is not None or isinstance(pattern, ast.Nil)
            for value, pattern in zip(values, arm.patterns, strict=True)
        ):
            body.non_nil |= one_of.when_true
        rest |= one_of.when_false
        branches.add(body, check_block(body, arm.body, value=node not in body.discarded))
    is_read = not body.env.unparsed.touches(node.span)
    covered = [pattern for arm in node.arms for pattern in arm.patterns]
    missing = _unmatched(subject, covered) if is_read and not exhausted else ()
    body.facts.unmatched[node] = missing
    if missing or not node.arms:
        body.non_nil = rest
        branches.add(body, Flow())
    flow = branches.join(body)
    if flow.diverges:
        body.diverging.add(node)
    return flow.type


def _check_pattern(body: Body, node: ast.Match, pattern: ast.Expr, subject: Type) -> None:
    kind = body.infer(pattern)
    if check_enum(body, pattern, subject, f"`{snippet(node.subject)}`"):
        return
    if not may_be_equal(subject, kind.item if isinstance(kind, Range) else kind):
        never = f"{describe(required(subject))}, so it never matches {describe(kind)}"
        body.warning("PAT402", pattern, f"`{snippet(node.subject)}` is {never}")


@dataclass
class _EarlierPatterns:
    """The patterns of earlier arms: numbers and ranges by their ends, others by value."""

    _ranges: list[tuple[ast.Expr, Decimal, Decimal, bool]] = field(default_factory=list)
    _values: dict[ConstantValue, ast.Expr] = field(default_factory=dict)

    def taking(self, pattern: ast.Expr) -> ast.Expr | None:
        """Return the earlier pattern that covers `pattern`; if there is none, note `pattern`."""
        low, high, closed = pattern, pattern, True
        if isinstance(pattern, ast.Binary):
            low, high, closed = pattern.left, pattern.right, pattern.operator == ".."
        start, end = constant_number(low), constant_number(high)
        if start is not None and end is not None:
            for first, known_start, known_end, known_closed in self._ranges:
                same_end = end == known_end and (known_closed or not closed)
                if known_start <= start and (end < known_end or same_end):
                    return first
            self._ranges.append((pattern, start, end, closed))
            return None
        value = constant_of(pattern)
        value = pattern.span.text if value is UNKNOWN else value
        known = self._values.setdefault(value, pattern)
        return known if known is not pattern else None


def _unmatched(subject: Type, covered: Collection[ast.Pattern]) -> tuple[str, ...]:
    """The patterns that the arms of a `match` lack; none of its arms takes every value."""
    kind = required(subject)
    if isinstance(kind, Enum):
        texts = {ast.constant_text(each) for each in covered if not isinstance(each, ast.Wildcard)}
        texts.discard(None)
        if not texts <= {*kind.values}:
            return ()  # an unknown value, reported elsewhere, may be a typo of the missing one
        missing = [f'"{value}"' for value in kind.values if value not in texts]
    elif kind == BOOL:
        bools = {pattern.value for pattern in covered if isinstance(pattern, ast.Bool)}
        missing = [word for word, value in (("true", True), ("false", False)) if value not in bools]
    else:
        return ("_",)
    if is_nullable(subject) and not any(isinstance(pattern, ast.Nil) for pattern in covered):
        missing.append("nil")
    return tuple(missing)


@rule(ast.Rescue)
def rescue(body: Body, node: ast.Rescue) -> Inference:
    """Check `rescue`; as a value, the block's `return` or last expression is the fallback."""
    kind = yield node.operand
    value = node not in body.discarded
    completed = body.non_nil
    with body.nested(returns=ReturnTarget("value") if value else None):
        if node.error is not None:
            warn_of_shadowing(body, node.error)
            body.facts.declared[node] = body.declare(node.error, ERROR, "error")
        flow = check_statements(body, node.body, value=value)
        types = [kind, *body.return_target.types]
        if not flow.diverges:
            types.append(flow.type)
            forget_assigned(body, node.body)
            completed &= body.non_nil
    body.non_nil = completed
    return join_all(types) if value else ANY


@rule(ast.Lambda)
def lone_lambda(body: Body, node: ast.Lambda) -> Type:
    """Check a lambda whose parameters have unknown types."""
    return _check_lambda(body, node, tuple(ANY for _ in node.parameters))


def infer_lambda(body: Body, node: ast.Lambda, wanted: tuple[Type, ...]) -> Type:
    """Check a lambda that will be called with values of known types."""
    taken, given = len(node.parameters), len(wanted)
    message = f"this function is called with {given} value{'s' * (given != 1)}, and takes {taken}"
    if taken > given:
        body.error("TYP131", node.parameters[given], message, "remove what is too much")
    elif taken < given:
        hint = "give it a parameter for each, `_` where it does not need the value"
        body.error("TYP131", node, message, hint)
    kind = _check_lambda(body, node, (*wanted, *(ANY for _ in node.parameters))[:taken])
    body.facts.types[node] = function = FunctionType(wanted, kind.result)
    return function


def _check_lambda(body: Body, node: ast.Lambda, parameters: tuple[Type, ...]) -> FunctionType:
    forget_assigned(body, node.body)  # the body may run any number of times
    known = body.non_nil
    with body.nested(returns=ReturnTarget("value")):
        for name, kind in zip(node.parameters, parameters, strict=True):
            if name.text not in body.scope.names:
                warn_of_shadowing(body, name)
            kind = item_type(body, name, kind, node.body)
            body.facts.declared[name] = body.declare(name, kind, "lambda")
        flow = check_statements(body, node.body, value=True)
        results = [*body.return_target.types, *([] if flow.diverges else [flow.type])]
    body.non_nil = known
    body.facts.types[node] = function = FunctionType(parameters, join_all(results))
    return function
