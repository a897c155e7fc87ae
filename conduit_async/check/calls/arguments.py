"""Which argument goes to which parameter."""

from collections.abc import Sequence

from ... import ast
from ...suggest import did_you_mean
from ...types import ANY
from ..body import Body, Inference
from ..fields import report_twice


def bind(
    body: Body,
    node: ast.Call,
    function: str,
    parameters: Sequence[tuple[str, bool]],
    receiver: ast.Expr | None = None,
) -> list[ast.Expr | None]:
    """The argument of each parameter, which is its name and whether a call must give it.

    The first one of a method is its `receiver`, which messages do not count.
    """
    own = 0 if receiver is None else 1
    names = [name for name, _ in parameters]
    found: dict[str, ast.Expr] = {}
    positional = [argument for argument in node.arguments if argument.name is None]
    for name, argument in zip(names, positional, strict=False):
        found[name] = argument.value
    if len(positional) > len(names):
        body.error(
            "TYP130",
            positional[len(names)],
            f"`{function}` takes {count(len(names) - own)}, "
            f"this call gives {len(positional) - own}",
            _usage(function, parameters[own:]),
        )
    unknown = False
    for argument in node.arguments:
        if argument.name is None:
            continue
        name = argument.name.text
        if name not in names:
            unknown = True
            message = f"`{function}` has no parameter `{name}`"
            hint = did_you_mean(name, names) or _usage(function, parameters[own:])
            body.error("TYP130", argument.name, message, hint)
        elif name in found:
            span = argument.name.span
            report_twice(body.problems, "TYP130", span, f"`{name}`", found[name].span, "given")
        else:
            found[name] = argument.value
    missing = [f"`{name}`" for name, needed in parameters if needed and name not in found]
    if missing and not unknown:
        message = f"`{function}` needs {', '.join(missing)}"
        body.error("TYP130", node, message, _usage(function, parameters[own:]))
    return [found.get(name) for name in names]


def infer_arguments(node: ast.Call) -> Inference:
    """Infer the types of a call's arguments."""
    for argument in node.arguments:
        yield argument.value
    return ANY


def check_order(body: Body, node: ast.Call) -> None:
    """Report a positional argument after a named one: which parameter it means is a guess."""
    named: ast.Name | None = None
    for argument in node.arguments:
        if argument.name is not None:
            named = named or argument.name
        elif named is not None:
            message = f"an argument without a name follows `{named.text}:`"
            body.error("TYP130", argument, message, "move it before the named ones, or name it")
            return


def count(number: int) -> str:
    """`2 arguments`."""
    return f"{number or 'no'} argument{'' if number == 1 else 's'}"


def _usage(function: str, parameters: Sequence[tuple[str, bool]]) -> str:
    if not parameters:
        return f"write `{function}()`"
    shown = ", ".join(name if needed else f"{name}?" for name, needed in parameters)
    return f"its parameters are `{function}({shown})`"
