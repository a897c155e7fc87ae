"""The parameters of functions and scopes: their declaration, and what calls give for them."""

from collections.abc import Sequence

from ... import ast
from ...program import ParameterInfo
from ..body import Body
from ..require import require
from ..sizes import check_size
from .arguments import bind


def declare_parameters(body: Body, parameters: Sequence[ParameterInfo]) -> None:
    """Declare parameters in the body that they are of, and check their defaults."""
    for parameter in parameters:
        name = parameter.node.name
        if parameter.default is not None:
            body.infer(parameter.default)
            require(body, parameter.default, parameter.type, f"`{name.text}`")
            check_size(body, parameter.default, parameter.node.type, f"`{name.text}`")
        local = body.declare(name, parameter.type, "parameter", parameter.python)
        body.facts.declared[name] = local


def bind_parameters(
    body: Body, node: ast.Call, function: str, parameters: Sequence[ParameterInfo]
) -> tuple[ast.Expr | None, ...]:
    """The argument of each parameter of a call, whose types are known already; each is checked."""
    found = bind(body, node, function, [(p.name, p.default is None) for p in parameters])
    for parameter, value in zip(parameters, found, strict=True):
        if value is not None:
            what = f"`{parameter.name}` of `{function}`"
            require(body, value, parameter.type, what, "TYP131")
            check_size(body, value, parameter.node.type, what)
    return tuple(found)
