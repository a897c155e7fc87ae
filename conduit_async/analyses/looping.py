"""Lambdas of `map` and `filter`, which become part of a loop."""

from .. import ast
from ..library import LIBRARY
from ..program import Facts, FunctionCall, LibraryCall, RecordCall, RelationUse, ServiceCall
from .walk import walk

_OPERATIONS = (LIBRARY["Array"]["map"], LIBRARY["Array"]["filter"])


def looping_lambda(call: LibraryCall) -> tuple[ast.Name, ast.Expr] | None:
    """The parameter and the body of a call's lambda, if the lambda is one expression."""
    function = call.arguments[1] if call.signature in _OPERATIONS else None
    if not isinstance(function, ast.Lambda) or len(function.parameters) != 1:
        return None
    body = function.body.statements
    if len(body) == 1 and isinstance(body[0], ast.ExprStatement):
        return function.parameters[0], body[0].value
    return None


def waiting_lambda(facts: Facts, call: LibraryCall) -> ast.Lambda | None:
    """The lambda of a call, if it calls a service or the database."""
    function = call.arguments[1] if call.signature in _OPERATIONS else None
    if isinstance(function, ast.Lambda) and waits(facts, function.body):
        return function
    return None


def waits(facts: Facts, body: ast.Block) -> bool:
    """Whether a body calls a service or the database, or writes a field, which a job awaits."""
    for node in walk(body):
        if isinstance(node, ast.Assign) and isinstance(node.target, ast.Member):
            return True
        match facts.resolutions.get(node):
            case ServiceCall() | RecordCall() | RelationUse():
                return True
            case FunctionCall(function=called) if called.uses_services or called.uses_database:
                return True
    return False
