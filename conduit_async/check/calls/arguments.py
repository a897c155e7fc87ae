"""Parameters, and the arguments that calls give for them."""

from collections.abc import Sequence

from ... import ast
from ...program import ParameterInfo
from ...suggest import did_you_mean
from ..body import Body
from ..fields import report_twice
from ..require import require
from ..sizes import check_size


def declare_parameters(body: Body, parameters: Sequence[ParameterInfo]) -> None:
    """Declare the parameters of a body in it, and check their defaults."""
    for parameter in parameters:
        name = parameter.node.name
        if parameter.default is not None:
            body.infer(parameter.default)
            require(body, parameter.default, parameter.type, f"`{name.text}`")
            check_size(body, parameter.default, parameter.node.type, f"`{name.text}`")
        local = body.declare(name, parameter.type, "parameter", parameter.python)
        body.facts.declared[name] = local


def infer_arguments(body: Body, node: ast.Call) -> None:
    """Infer the types of a call's arguments."""
    for argument in node.arguments:
        body.infer(argument.value)


def bind_parameters(
    body: Body, node: ast.Call, function: str, parameters: Sequence[ParameterInfo]
) -> tuple[ast.Expr | None, ...]:
    """Return and check the argument of each parameter; the types of arguments are known already."""
    names = [(parameter.name, parameter.default is None) for parameter in parameters]
    found = bind(body, node, function, names, node.arguments)
    for parameter, value in zip(parameters, found, strict=True):
        if value is not None:
            what = f"`{parameter.name}` of `{function}`"
            require(body, value, parameter.type, what, "TYP131")
            check_size(body, value, parameter.node.type, what)
    return tuple(found)


def bind(
    body: Body,
    node: ast.Call,
    function: str,
    parameters: Sequence[tuple[str, bool]],
    arguments: Sequence[ast.Argument],
    receivers: int = 0,
) -> list[ast.Expr | None]:
    """Return the argument of each parameter; a parameter is its name and whether it is required.

    The first `receivers` parameters are receivers, which messages do not count.
    """
    names = [name for name, _ in parameters]
    shown = [name if needed else f"{name}?" for name, needed in parameters[receivers:]]
    usage = f"its parameters are `{function}({', '.join(shown)})`"
    if not shown:
        usage = f"write `{function}()`"
    positional = [argument for argument in arguments if argument.name is None]
    found = {name: each.value for name, each in zip(names, positional, strict=False)}
    if len(positional) > len(names):
        message = (
            f"`{function}` takes {len(shown) or 'no'} argument{'' if len(shown) == 1 else 's'}, "
            f"this call gives {len(positional) - receivers}"
        )
        body.error("TYP130", positional[len(names)], message, usage)
    unknown = False
    for argument in arguments:
        if argument.name is None:
            continue
        name = argument.name.text
        if name not in names:
            unknown = True
            message = f"`{function}` has no parameter `{name}`"
            body.error("TYP130", argument.name, message, did_you_mean(name, names) or usage)
        elif name in found:
            span = argument.name.span
            report_twice(body.problems, "TYP130", span, f"`{name}`", found[name].span, "given")
        else:
            found[name] = argument.value
    missing = [f"`{name}`" for name, needed in parameters if needed and name not in found]
    if missing and not unknown:
        body.error("TYP130", node, f"`{function}` needs {', '.join(missing)}", usage)
    return [found.get(name) for name in names]


def check_order(body: Body, node: ast.Call) -> None:
    """Report a positional argument after a named one, whose parameter would be a guess."""
    named: ast.Name | None = None
    for argument in node.arguments:
        if argument.name is not None:
            named = named or argument.name
        elif named is not None:
            message = f"an argument without a name follows `{named.text}:`"
            body.error("TYP130", argument, message, "move it before the named ones, or name it")
            return
