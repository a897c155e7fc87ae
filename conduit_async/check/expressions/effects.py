"""Whether evaluating an expression can do anything beyond giving a value."""

from ... import ast
from ...analyses.walk import walk
from ...program import LibraryCall, RecordCall
from ..body import Body
from ..queries.writes import USAGE

_ACTS = (ast.Rescue, ast.Match, ast.Unwrap, ast.BadExpr, ast.Assign)


def has_effect(body: Body, node: ast.Expr) -> bool:
    """Whether it, or a lambda in it, may have an effect, or may fail on purpose."""
    for part in walk(node):
        if isinstance(part, _ACTS):
            return True
        if isinstance(part, ast.Call):
            match body.facts.resolutions.get(part):
                case LibraryCall(signature=signature) if not signature.effect:
                    continue
                case RecordCall(operation=operation) if operation not in USAGE:
                    continue
            return True
    return False
