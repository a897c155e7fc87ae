"""Lambdas that become part of a loop: those of `map` and `filter` with one expression as body."""

from . import ast
from .library import LIBRARY
from .program import Facts, LibraryCall

_OPERATIONS = (LIBRARY["Array"]["map"], LIBRARY["Array"]["filter"])


def looping_lambda(call: LibraryCall) -> tuple[ast.Name, ast.Expr] | None:
    """The parameter and the body of such a lambda, if a call has one."""
    function = call.arguments[1] if call.signature in _OPERATIONS else None
    if not isinstance(function, ast.Lambda) or len(function.parameters) != 1:
        return None
    body = function.body.statements
    if len(body) == 1 and isinstance(body[0], ast.ExprStatement):
        return function.parameters[0], body[0].value
    return None


def is_looping(facts: Facts, function: ast.Lambda) -> bool:
    """Whether a lambda is such a one."""
    calls = (use for use in facts.resolutions.values() if isinstance(use, LibraryCall))
    return any(function in call.arguments and looping_lambda(call) for call in calls)
