"""`@scope`: what it selects, and the arguments of a call."""

from ... import ast
from ...program import ResourceInfo
from ...suggest import did_you_mean
from ...types import INT
from ..body import Body, ReturnTarget, Scope
from ..calls.arguments import declare_parameters
from ..environment import Environment
from ..queries.filters import check_condition, check_filter, check_order
from ..require import require

_KEYS = ("where", "order_by", "limit", "offset")


def check_scope(env: Environment, info: ResourceInfo, scope: ast.Scope) -> None:
    """Check what a scope selects."""
    body = Body(env, info, "scope", Scope(None, set()), ReturnTarget("function"))
    declare_parameters(body, env.scope_parameters[scope])
    for pair in scope.pairs:
        _check_pair(body, info, pair)
    if scope.body is not None and scope.body.statements:
        _check_lone_condition(body, info, scope.body)


def _check_lone_condition(body: Body, info: ResourceInfo, block: ast.Block) -> None:
    first, *others = block.statements
    if isinstance(first, ast.ExprStatement) and not others:
        if not body.env.unparsed.touches(first.span):
            check_condition(body, info, first.value)
        return
    body.problems.error(
        "SYN001",
        block.span,
        "a scope selects rows and runs no statements",
        "write `where: …`, `order_by: …` and `limit: …`",
    )


def _check_pair(body: Body, info: ResourceInfo, pair: ast.Pair) -> None:
    match pair.key.text:
        case "where":
            check_filter(body, info, pair.value)
        case "order_by":
            body.infer(pair.value)
            check_order(body.env, info, pair.value, [pair.value])
        case "limit" | "offset":
            body.infer(pair.value)
            require(body, pair.value, INT, f"`{pair.key.text}`")
        case unknown:
            hint = did_you_mean(unknown, _KEYS) or "it has `where`, `order_by` and `limit`"
            body.problems.warning("SYN012", pair.key.span, f"a scope has no `{unknown}`", hint)
