"""Lambdas: `|x| { … }` and `(x) => e`."""

from collections.abc import Generator

from .. import ast
from ..diagnostics import Related
from ..program import Local, SelfColumn, StructField
from ..source import Span
from ..types import ANY, Function, Type
from ..walk import walk
from .body import Body, Frame, Target, rule
from .lattice import join_all
from .require import shorten
from .statements import check_block

_FIELDS = (SelfColumn, StructField)


@rule(ast.Lambda)
def lone_lambda(body: Body, node: ast.Lambda) -> Type:
    """A lambda whose parameters nothing is known of."""
    return _check(body, node, tuple(ANY for _ in node.parameters))


def infer_lambda(
    body: Body, node: ast.Lambda, wanted: tuple[Type, ...]
) -> Generator[ast.Expr | Target, Type, Type]:
    """A lambda that will be called with values of known types."""
    if len(node.parameters) > len(wanted):
        body.problems.error(
            "TYP131",
            node.parameters[len(wanted)].span,
            f"this function is called with {_values(wanted)}",
        )
    elif len(node.parameters) < len(wanted):
        body.problems.error(
            "TYP131",
            node.span,
            f"this function is called with {_values(wanted)}, and takes {len(node.parameters)}",
            "give it a parameter for each, `_` where it does not need the value",
        )
    padded = (*wanted, *(ANY for _ in node.parameters))[: len(node.parameters)]
    kind = _check(body, node, padded)
    body.facts.types[node] = taken = Function(wanted, kind.result)
    return taken
    yield  # a rule's step, so that callers write `yield from` for every kind of argument


def _values(wanted: tuple[Type, ...]) -> str:
    return f"{len(wanted)} value{'s' * (len(wanted) != 1)}"


def _check(body: Body, node: ast.Lambda, parameters: tuple[Type, ...]) -> Function:
    before, frame, known = body.enter(), body.frame, body.known
    body.frame = Frame("value")
    for name, kind in zip(node.parameters, parameters, strict=True):
        body.facts.declared[name] = body.declare(name, kind, "lambda")
    flow = check_block(body, node.body, value=True, scope=False)
    results = list(body.frame.types) if flow.ends else [*body.frame.types, flow.type]
    body.scope, body.frame, body.known = before, frame, known
    kind = Function(parameters, join_all(results))
    body.facts.types[node] = kind
    _report_assignments(body, node)
    return kind


def _report_assignments(body: Body, node: ast.Lambda) -> None:
    """Report what a lambda assigns around it: when and how often it runs is not its own."""
    resolutions, declared = body.facts.resolutions, body.facts.declared
    own = {declared[each] for each in walk(node) if each in declared}
    for each in walk(node.body, lambda inner: not isinstance(inner, ast.Lambda)):
        if not isinstance(each, ast.Assign):
            continue
        target = each.target
        local = resolutions.get(target)
        if isinstance(local, Local) and local not in own and local.owner is body.job:
            _report(body, target, "a local of the code around it", local.span)
        elif body.job is not None and isinstance(resolutions.get(target), _FIELDS):
            _report(body, target, "a field of the row in a job", None)


def _report(body: Body, target: ast.Expr, what: str, span: Span | None) -> None:
    body.problems.error(
        "SEM214",
        target.span,
        f"a lambda cannot assign {what}: `{shorten(target)}`",
        "write a `for` loop, or give the value as the lambda's result",
        *([Related(span, "declared here")] if span is not None else []),
    )
