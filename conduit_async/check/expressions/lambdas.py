"""Lambdas: `|x| { … }` and `(x) => e`."""

from ... import ast
from ...types import ANY, Function, Type
from ..body import Body, ReturnTarget, rule
from ..lattice import join_all
from ..names.shadowing import warn_of_shadowing
from .narrow import forget_assigned, item_type
from .statements import check_block


@rule(ast.Lambda)
def lone_lambda(body: Body, node: ast.Lambda) -> Type:
    """A lambda whose parameters nothing is known of."""
    return _check(body, node, tuple(ANY for _ in node.parameters))


def infer_lambda(body: Body, node: ast.Lambda, wanted: tuple[Type, ...]) -> Type:
    """A lambda that will be called with values of known types."""
    taken, given = len(node.parameters), len(wanted)
    message = f"this function is called with {given} value{'s' * (given != 1)}, and takes {taken}"
    if taken > given:
        body.error("TYP131", node.parameters[given], message, "remove what is too much")
    elif taken < given:
        hint = "give it a parameter for each, `_` where it does not need the value"
        body.error("TYP131", node, message, hint)
    kind = _check(body, node, (*wanted, *(ANY for _ in node.parameters))[:taken])
    body.facts.types[node] = function = Function(wanted, kind.result)
    return function


def _check(body: Body, node: ast.Lambda, parameters: tuple[Type, ...]) -> Function:
    forget_assigned(body, [node.body])  # it may run any number of times
    before, return_target, known = body.enter(), body.return_target, body.non_nil
    body.return_target = ReturnTarget("value")
    for name, kind in zip(node.parameters, parameters, strict=True):
        if name.text not in body.scope.names:
            warn_of_shadowing(body, name)
        kind = item_type(body, name, kind, node.body)
        body.facts.declared[name] = body.declare(name, kind, "lambda")
    flow = check_block(body, node.body, value=True, scope=False)
    results = (
        list(body.return_target.types) if flow.diverges else [*body.return_target.types, flow.type]
    )
    body.scope, body.return_target, body.non_nil = before, return_target, known
    kind = Function(parameters, join_all(results))
    body.facts.types[node] = kind
    return kind
