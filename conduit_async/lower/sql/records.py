"""Queries and record operations, compiled to parameterised SQL that stands in the module."""

from dataclasses import replace

from ... import ast
from ...analyses.queries import is_composed, is_query
from ...program import RecordCall
from ...python.code import NO_GUARD, Code, Effect, Guard, Precedence, combine
from ...python.code import call as call_
from ..expressions import chains
from ..expressions.dispatch import Lowering, Operand
from ..functions.function_builder import FunctionBuilder
from .composed import run_composed
from .conditions import aggregate_of, class_of, column_of, name_of
from .relations import arguments, fetch, operation
from .selects import lazily, narrowed, select_of, selecting
from .sql import Select
from .writes import WRITES

AGGREGATES = ("count", "sum", "avg", "min", "max")


def record_call(fn: FunctionBuilder, node: ast.Expr, call: RecordCall) -> Lowering:
    """Any operation on rows; a query that has not run yet runs where its value is used."""
    resource = fn.module.program.resources[call.resource]
    if call.operation in WRITES:
        return (yield from WRITES[call.operation](fn, resource, call))
    if call.operation == "find":
        key = yield Operand(call.arguments[0].value)
        record = fn.module.record_class(resource.name)
        return operation(fn, f"find({record}, {key.text})", [key])
    facts = fn.module.facts
    if call.receiver is not None and not is_query(facts, call.receiver, fn.locals.queries):
        if is_composed(facts, call.receiver, fn.locals.known_queries):
            return (yield from run_composed(fn, node, call))
        return (yield from _of_rows(fn, node, call))
    if call.operation in _RUNNING or (call.operation in AGGREGATES and call.arguments):
        select = yield from selecting(fn, node, resource, call.receiver)
        code = yield from lazily(select, _run(fn, node, call, select))
    else:
        select = yield from select_of(fn, node)
        code = fetch(fn, select)
    return chains.guarded(fn, node, select.guard, code)


_RUNNING = ("all", "first", "count", "exists?", "pluck", "find_by")


def _run(fn: FunctionBuilder, node: ast.Expr, call: RecordCall, select: Select) -> Lowering:
    if call.operation in AGGREGATES and call.arguments:
        return _aggregate(fn, node, call, select)
    if call.operation in ("find_by", "exists?"):
        select = yield from narrowed(fn, select, call.arguments)
    match call.operation:
        case "all":
            return fetch(fn, select)
        case "first" | "find_by":
            select = replace(select, limit=select.limit or Code("1"))
            return operation(fn, f"first({arguments(fn, select)})", select.all_values)
        case "count":
            return _scalar(fn, select, "count(*)", fn.builtin("int"))
        case "exists?":
            pieces = select.statement("1")
            pieces = [f"SELECT EXISTS ({pieces[0]}", *pieces[1:-1], f"{pieces[-1]})"]
            text = arguments(fn, select, pieces, fn.builtin("bool"))
            return operation(fn, f"scalar({text})", select.all_values)
    return _pluck(fn, node, call, select)


def _pluck(fn: FunctionBuilder, node: ast.Expr, call: RecordCall, select: Select) -> Code:
    columns = [column_of(select.resource, name_of(argument.value)) for argument in call.arguments]
    pieces = select.statement(", ".join(select.column(c.name) for c in columns), ordered=True)
    if len(columns) > 1:
        text = arguments(fn, select, pieces, "-").removeprefix("-, ")
        return operation(fn, f"pluck_rows({text})", select.all_values)
    kind = class_of(fn, columns[0].type)
    return operation(fn, f"pluck({arguments(fn, select, pieces, kind)})", select.all_values)


def _scalar(
    fn: FunctionBuilder, select: Select, what: str, kind: str, *, nil: bool = False
) -> Code:
    pieces = select.statement(what)
    if select.is_cut:
        inner = select.statement("*", ordered=True)
        pieces = [f"SELECT {what}", f"FROM ({inner[0]}", *inner[1:-1], f"{inner[-1]}) AS part"]
    name = "scalar_or_none" if nil else "scalar"
    return operation(fn, f"{name}({arguments(fn, select, pieces, kind)})", select.all_values)


def _aggregate(fn: FunctionBuilder, node: ast.Expr, call: RecordCall, select: Select) -> Code:
    column = column_of(select.resource, name_of(call.arguments[-1].value))
    text, kind, nil = aggregate_of(fn, node, call.operation, select.column(column.name))
    return _scalar(fn, select, text, kind, nil=nil)


def _of_rows(fn: FunctionBuilder, node: ast.Expr, call: RecordCall) -> Lowering:
    """An operation on an array of rows."""
    callee = node.callee if isinstance(node, ast.Call) else node
    assert call.receiver is not None
    if isinstance(callee, ast.Member) and callee.target is call.receiver:
        target = yield from chains.target(fn, callee)
        guard, rows = Guard(target.guards, target.before), replace(target, before=(), guards=())
    else:
        guard, rows = NO_GUARD, (yield Operand(call.receiver))
    code = _in_memory(fn, call, rows)
    return replace(code, before=(*guard.before, *code.before), guards=guard.conditions)


def _in_memory(fn: FunctionBuilder, call: RecordCall, rows: Code) -> Code:
    match call.operation:
        case "count":
            return call_(fn.builtin("len"), [rows], Effect.READS)
        case "exists?":
            return call_(fn.builtin("bool"), [rows], Effect.READS)
        case "first":
            first = f"{fn.module.imports.namespace('Array')}.first"
            return call_(first, [rows], Effect.READS)
        case "pluck":
            resource = fn.module.program.resources[call.resource]
            names = [name_of(argument.value) for argument in call.arguments]
            rows, row = fn.iterable(rows), fn.fresh("row")
            values = [f"{row}.{column_of(resource, name).python}" for name in names]
            value = values[0] if len(values) == 1 else f"[{', '.join(values)}]"
            text = f"[{value} for {row} in {rows.at(Precedence.OR)}]"
            return combine(text, Precedence.ATOM, [rows], Effect.READS)
    return rows
