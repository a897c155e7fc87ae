"""Queries and record operations: `Post.where(…)`, `.order_by(…)`, `Post.create!({…})`."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ... import ast
from ...hints.queue_words import queue_hint
from ...program import RecordCall, ResourceInfo
from ...suggest import did_you_mean
from ...types import (
    ANY,
    BOOL,
    DECIMAL,
    FLOAT,
    INT,
    NIL,
    Array,
    Query,
    Record,
    Type,
    optional,
    required,
)
from ..body import Body
from ..calls.arguments import bind_parameters, infer_arguments
from ..lattice import INVALID, is_number, is_unknown, join_all
from ..require import require
from ..wording import describe, snippet
from .filters import check_conditions, check_fields, check_order
from .writes import WRITES, check_key, check_write

_Result: TypeAlias = Literal["query", "record", "one", "all", "count", "bool", "fields", "nothing"]


@dataclass(frozen=True, slots=True)
class Operation:
    """The arguments and the result of an operation.

    `takes`: "conditions" (`where(a: 1, b > 2)`), "key" (a primary key), "order", "number",
    "fields" (symbols), "nothing", or a "write".
    """

    takes: Literal["conditions", "key", "order", "number", "fields", "nothing", "write"]
    gives: _Result


OPERATIONS: dict[str, Operation] = {
    "find": Operation("key", "one"),
    "find_by": Operation("conditions", "one"),
    "where": Operation("conditions", "query"),
    "order_by": Operation("order", "query"),
    "limit": Operation("number", "query"),
    "offset": Operation("number", "query"),
    "all": Operation("nothing", "all"),
    "first": Operation("nothing", "one"),
    "count": Operation("nothing", "count"),
    "exists?": Operation("conditions", "bool"),
    "pluck": Operation("fields", "fields"),
    **{name: Operation("write", write.gives) for name, write in WRITES.items()},
}
QUERY_STEPS = {n: each for n, each in OPERATIONS.items() if each.takes not in ("key", "write")}
_COUNTS = {"nothing": "no argument", "number": "one number", "key": "one key"}


def takes_conditions(name: str) -> bool:
    """Whether the arguments of an operation are conditions, which may come in any order."""
    return name in OPERATIONS and OPERATIONS[name].takes == "conditions"


def record_call(
    body: Body, node: ast.Call, callee: ast.Member, resource: str, receiver: ast.Expr | None
) -> Type:
    """`Post.name(…)`, or `query.name(…)` with the query as `receiver`."""
    info = body.env.resources[resource]
    name = callee.name.text
    known = OPERATIONS if receiver is None else QUERY_STEPS
    if name in info.scopes:
        infer_arguments(body, node)
        bind_parameters(body, node, name, body.env.scope_parameters[info.scopes[name]])
        body.env.reach(info, info.scopes[name])
        kind: Type = Query(info.name)
    elif name in known:
        kind = _result(info, known[name], _check_arguments(body, node, info, name))
    else:
        infer_arguments(body, node)
        return _no_operation(body, callee, info, [*known, *info.scopes])
    return body.resolve(node, RecordCall(info.name, name, receiver, node.arguments), kind)


def record_member(body: Body, node: ast.Member, resource: str, receiver: ast.Expr | None) -> Type:
    """`Post.all`, `Post.published`, `query.first`: an operation without parentheses."""
    info = body.env.resources[resource]
    name = node.name.text
    known = OPERATIONS if receiver is None else QUERY_STEPS
    operation, scope = known.get(name), info.scopes.get(name)
    if operation is None and scope is None:
        return _no_operation(body, node, info, [*known, *info.scopes])
    if scope is not None and not any(p.default is None for p in scope.parameters):
        body.env.reach(info, info.scopes[name])
        kind: Type = Query(info.name)
    elif operation is not None and operation.takes == "nothing":
        kind = _result(info, operation, [])
    else:
        hint = f"write `{snippet(node)}({'' if name == 'exists?' else '…'})`"
        return body.error("SEM201", node.name, f"`{name}` is called with parentheses", hint)
    return body.resolve(node, RecordCall(info.name, name, receiver, ()), kind)


def _check_arguments(body: Body, node: ast.Call, info: ResourceInfo, name: str) -> list[Type]:
    """Check the arguments of an operation, and return the types of the fields that they name."""
    takes = OPERATIONS[name].takes
    if takes == "conditions":
        check_conditions(body, info, node)
        return []
    values = [argument.value for argument in node.arguments]
    for value in values:
        if takes != "fields" or not isinstance(value, ast.NameRef):
            body.infer(value)
    match takes:
        case "write":
            check_write(body, node, info, name)
        case "fields":
            return check_fields(body, info, node, values)
        case "order":
            check_order(body.env, info, node, values)
        case "nothing" | "number" | "key" if len(values) != (takes != "nothing"):
            message = f"`{name}` takes {_COUNTS[takes]}, this call gives {len(values)}"
            body.error("TYP130", node, message)
        case "number":
            require(body, values[0], INT, f"`{name}`", "TYP131")
        case "key":
            check_key(body, info, values[0])
    return []


def _result(info: ResourceInfo, operation: Operation, fields: list[Type]) -> Type:
    record = Record(info.name)
    picked = join_all(fields) if fields else ANY
    types: dict[_Result, Type] = {
        "query": Query(info.name),
        "record": record,
        "one": optional(record),
        "all": Array(record),
        "count": INT,
        "bool": BOOL,
        "fields": Array(picked if len(fields) <= 1 else Array(picked)),
        "nothing": NIL,
    }
    return types[operation.gives]


def _no_operation(body: Body, node: ast.Member, info: ResourceInfo, known: list[str]) -> Type:
    name = node.name.text
    hint = did_you_mean(name, known)
    if hint is None and name in info.columns:
        hint = f"take one row first: `{snippet(node.target)}.first?.{name}`"
    message = f"`{info.name}` has no operation `{name}`"
    return body.error("SEM201", node.name, message, hint or queue_hint(name))


AGGREGATES = ("count", "sum", "avg", "min", "max")


def aggregate(body: Body, node: ast.Call, name: str) -> Type:
    """`count(q)`, `sum(q, :f)`, `avg(q, :f)`, `min(q, :f)`, `max(q, :f)`."""
    kinds = [
        INVALID
        if number and isinstance(argument.value, ast.NameRef)
        else body.infer(argument.value)
        for number, argument in enumerate(node.arguments)
    ]
    if len(kinds) != (1 if name == "count" else 2) or any(each.name for each in node.arguments):
        usage = "`count(query)`" if name == "count" else f"`{name}(query, :field)`"
        message = f"`{name}` takes other arguments than these"
        return body.error("TYP130", node, message, f"write {usage}")
    query, *fields = [argument.value for argument in node.arguments]
    match kinds[0]:
        case Query(resource=resource) | Array(item=Record(resource=resource)):
            body.facts.resolutions[node] = RecordCall(resource, name, query, node.arguments[1:])
        case kind if is_unknown(kind):
            return INVALID
        case kind:
            return body.error("TYP131", query, f"`{name}` needs a query, this is {describe(kind)}")
    if name == "count":
        return INT
    kind = required(check_fields(body, body.env.resources[resource], node, fields)[0])
    if name in ("min", "max"):
        return optional(kind)
    if not is_number(kind) and not is_unknown(kind):
        message = f"`{name}` needs numbers, this is {describe(kind)}"
        return body.error("TYP131", fields[0], message)
    return kind if name == "sum" else optional(FLOAT if kind == FLOAT else DECIMAL)
