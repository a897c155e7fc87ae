"""Queries and record operations: `Post.where(…)`, `.order_by(…)`, `Post.create!({…})`."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ... import ast
from ...hints.queue_words import queue_hint
from ...program import RecordCall, ResourceInfo
from ...suggest import did_you_mean
from ...types import ANY, BOOL, INT, NIL, Array, Query, Record, Type, optional
from ..body import Body, Inference
from ..calls.arguments import infer_arguments
from ..calls.parameters import bind_parameters
from ..lattice import INVALID, join_all
from ..require import require
from ..wording import snippet
from .filters import check_conditions, check_fields, check_order
from .writes import check_write

_Result: TypeAlias = Literal["query", "record", "one", "all", "count", "bool", "fields", "nothing"]


@dataclass(frozen=True, slots=True)
class Operation:
    """What an operation takes and gives.

    `takes`: "conditions" (`where(a: 1, b > 2)`), "key" (a primary key), "order", "number",
    "fields" (symbols), "nothing", or a "write". `step`: it also follows a query.
    """

    takes: Literal["conditions", "key", "order", "number", "fields", "nothing", "write"]
    gives: _Result
    step: bool = False


OPERATIONS: dict[str, Operation] = {
    "find": Operation("key", "one"),
    "find_by": Operation("conditions", "one", step=True),
    "where": Operation("conditions", "query", step=True),
    "order_by": Operation("order", "query", step=True),
    "limit": Operation("number", "query", step=True),
    "offset": Operation("number", "query", step=True),
    "all": Operation("nothing", "all", step=True),
    "first": Operation("nothing", "one", step=True),
    "count": Operation("nothing", "count", step=True),
    "exists?": Operation("conditions", "bool", step=True),
    "pluck": Operation("fields", "fields", step=True),
    "create!": Operation("write", "record"),
    "update!": Operation("write", "nothing"),
    "delete!": Operation("write", "nothing"),
    "increment!": Operation("write", "nothing"),
    "decrement!": Operation("write", "nothing"),
    "bulk_create!": Operation("write", "all"),
}
QUERY_STEPS = {name: operation for name, operation in OPERATIONS.items() if operation.step}


def takes_conditions(name: str) -> bool:
    """Whether its arguments are conditions, which may come in any order."""
    return name in OPERATIONS and OPERATIONS[name].takes == "conditions"


def record_call(
    body: Body, node: ast.Call, callee: ast.Member, resource: str, receiver: ast.Expr | None
) -> Inference:
    """`Post.name(…)`, or `query.name(…)` with the query as `receiver`."""
    info = body.env.resources[resource]
    name = callee.name.text
    if name in info.scopes:
        yield from infer_arguments(node)
        bind_parameters(body, node, name, body.env.scope_parameters[info.scopes[name]])
        body.env.reach_scope(info, name)
        body.facts.resolutions[node] = RecordCall(info.name, name, receiver, node.arguments)
        return Query(info.name)
    known = OPERATIONS if receiver is None else QUERY_STEPS
    if name not in known:
        yield from infer_arguments(node)
        _no_operation(body, callee, info, [*known, *info.scopes])
        return INVALID
    return (yield from _call(body, node, info, name, known[name], receiver))


def record_member(body: Body, node: ast.Member, resource: str, receiver: ast.Expr | None) -> Type:
    """`Post.all`, `Post.published`, `query.first`: an operation without parentheses."""
    info = body.env.resources[resource]
    name = node.name.text
    known = OPERATIONS if receiver is None else QUERY_STEPS
    operation, scope = known.get(name), info.scopes.get(name)
    if scope is not None and not any(p.default is None for p in scope.parameters):
        body.env.reach_scope(info, name)
        body.facts.resolutions[node] = RecordCall(info.name, name, receiver, ())
        return Query(info.name)
    if operation is not None and operation.takes == "nothing":
        body.facts.resolutions[node] = RecordCall(info.name, name, receiver, ())
        return _result(info, operation, [])
    if operation is not None or scope is not None:
        hint = f"write `{snippet(node)}({'' if name == 'exists?' else '…'})`"
        body.error("SEM201", node.name, f"`{name}` is called with parentheses", hint)
    else:
        _no_operation(body, node, info, [*known, *info.scopes])
    return INVALID


def _call(
    body: Body,
    node: ast.Call,
    info: ResourceInfo,
    name: str,
    operation: Operation,
    receiver: ast.Expr | None,
) -> Inference:
    fields: list[Type] = []
    match operation.takes:
        case "conditions":
            yield from check_conditions(body, info, node)
        case "write":
            yield from infer_arguments(node)
            check_write(body, node, info, name)
        case _:
            for argument in node.arguments:
                if operation.takes != "fields" or not isinstance(argument.value, ast.NameRef):
                    yield argument.value
            fields = _check_arguments(body, node, info, name, operation)
    body.facts.resolutions[node] = RecordCall(info.name, name, receiver, node.arguments)
    return _result(info, operation, fields)


def _check_arguments(
    body: Body, node: ast.Call, info: ResourceInfo, name: str, operation: Operation
) -> list[Type]:
    values = [argument.value for argument in node.arguments]
    match operation.takes:
        case "fields":
            return check_fields(body, info, node, values)
        case "order":
            check_order(body.env, info, node, values)
        case "nothing" if values:
            _wrong_count(body, node, name, "no argument")
        case "number" if len(values) != 1:
            _wrong_count(body, node, name, "one number")
        case "number":
            require(body, values[0], INT, f"`{name}`", "TYP131")
        case "key" if len(values) != 1:
            _wrong_count(body, node, name, "one key")
        case "key" if info.primary_key is not None:
            kind = info.columns[info.primary_key].type
            require(body, values[0], kind, f"the key of `{info.name}`", "TYP131")
    return []


def _wrong_count(body: Body, node: ast.Call, name: str, wanted: str) -> None:
    given = len(node.arguments)
    body.error("TYP130", node, f"`{name}` takes {wanted}, this call gives {given}")


def _result(info: ResourceInfo, operation: Operation, fields: list[Type]) -> Type:
    match operation.gives:
        case "query":
            return Query(info.name)
        case "record":
            return Record(info.name)
        case "one":
            return optional(Record(info.name))
        case "all":
            return Array(Record(info.name))
        case "count":
            return INT
        case "bool":
            return BOOL
        case "fields":
            joined = join_all(fields) if fields else ANY
            return Array(joined if len(fields) <= 1 else Array(joined))
    return NIL


def _no_operation(body: Body, callee: ast.Member, info: ResourceInfo, known: list[str]) -> None:
    body.error(
        "SEM201",
        callee.name,
        f"`{info.name}` has no operation `{callee.name.text}`",
        did_you_mean(callee.name.text, known)
        or _of_a_row(callee, info)
        or queue_hint(callee.name.text),
    )


def _of_a_row(callee: ast.Member, info: ResourceInfo) -> str | None:
    """What reads a field of one row, where a field is read of a query."""
    if callee.name.text not in info.columns:
        return None
    return f"take one row first: `{snippet(callee.target)}.first?.{callee.name.text}`"
