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
        match pair.key.text:
            case "where":
                check_filter(body, info, pair.value)
            case "order_by":
                body.infer(pair.value)
                check_order(env, info, pair.value, [pair.value])
            case "limit" | "offset":
                body.infer(pair.value)
                require(body, pair.value, INT, f"`{pair.key.text}`")
            case unknown:
                hint = did_you_mean(unknown, _KEYS) or "it has `where`, `order_by` and `limit`"
                env.problems.warning("SYN012", pair.key.span, f"a scope has no `{unknown}`", hint)
    if scope.body is None or not scope.body.statements:
        return
    first, *others = scope.body.statements
    if others or not isinstance(first, ast.ExprStatement):
        hint = "write `where: …`, `order_by: …` and `limit: …`"
        body.error("SYN001", scope.body, "a scope selects rows and runs no statements", hint)
    elif not env.unparsed.touches(first.span):
        check_condition(body, info, first.value)
