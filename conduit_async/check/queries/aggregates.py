"""`count(q)`, `sum(q, :f)`, `avg(q, :f)`, `min(q, :f)`, `max(q, :f)`."""

from ... import ast
from ...program import RecordCall
from ...types import DECIMAL, FLOAT, INT, Array, Query, Record, Type, optional, required
from ..body import Body, Inference
from ..lattice import INVALID, is_number, is_unknown
from ..wording import describe
from .filters import check_fields

AGGREGATES = ("count", "sum", "avg", "min", "max")


def aggregate(body: Body, node: ast.Call, name: str) -> Inference:
    """A number or value that a query's rows give."""
    kinds: list[Type] = []
    for number, argument in enumerate(node.arguments):
        names_field = number > 0 and isinstance(argument.value, ast.NameRef)
        kinds.append(INVALID if names_field else (yield argument.value))
    wanted = 1 if name == "count" else 2
    if len(kinds) != wanted or any(argument.name for argument in node.arguments):
        usage = "`count(query)`" if name == "count" else f"`{name}(query, :field)`"
        return body.error(
            "TYP130", node, f"`{name}` takes other arguments than these", f"write {usage}"
        )
    resource = _queried(kinds[0])
    if resource is None:
        if not is_unknown(kinds[0]):
            body.error(
                "TYP131", node.arguments[0], f"`{name}` needs a query, this is {describe(kinds[0])}"
            )
        return INVALID
    query, *fields = [argument.value for argument in node.arguments]
    body.facts.resolutions[node] = RecordCall(resource, name, query, node.arguments[1:])
    if name == "count":
        return INT
    kind = check_fields(body, body.env.resources[resource], node, fields)[0]
    return _result(body, node, name, required(kind))


def _queried(kind: Type) -> str | None:
    match kind:
        case Query(resource=resource) | Array(item=Record(resource=resource)):
            return resource
    return None


def _result(body: Body, node: ast.Call, name: str, kind: Type) -> Type:
    if name in ("min", "max"):
        return optional(kind)
    if not is_number(kind) and not is_unknown(kind):
        return body.error(
            "TYP131", node.arguments[1], f"`{name}` needs numbers, this is {describe(kind)}"
        )
    if name == "sum":
        return kind
    return optional(FLOAT if kind == FLOAT else DECIMAL)
