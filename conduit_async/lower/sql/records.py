"""Queries and record operations, compiled to parameterised SQL in the module."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from ... import ast
from ...analyses.queries import is_composed, is_query
from ...program import RecordCall
from ...python.code import Code, Effect, Guard, list_from
from ...python.code import call as call_
from ..expressions import chains
from ..expressions.dispatch import Lowering, Operand
from ..functions.function_builder import FunctionBuilder
from .composed import arguments_of, behind_safe_step, extended
from .conditions import aggregate_of, class_of, column_of, name_of
from .relations import fetch, operation
from .selects import lazily, narrowed, select_of
from .sql import Select, quoted
from .writes import WRITE_RULES


def record_call(fn: FunctionBuilder, node: ast.Expr, call: RecordCall) -> Lowering:
    """Lower an operation on rows; a query runs where its value is used."""
    resource = fn.module.program.resources[call.resource]
    if call.operation in WRITE_RULES:
        return (yield from WRITE_RULES[call.operation](fn, resource, call))
    if call.operation == "find":
        key = yield Operand(call.arguments[0].value)
        record = fn.module.record_class(resource.name)
        return operation(fn, f"find({record}, {key.text})", [key])
    facts = fn.module.facts
    if call.receiver is not None and not is_query(facts, call.receiver, fn.locals.queries):
        if is_composed(facts, call.receiver, fn.locals.queries | fn.locals.composed):
            return (yield from _run_composed(fn, node, call))
        return (yield from _of_rows(fn, node, call))
    if call.operation in _RUNNING:
        select = Select(resource)
        if call.receiver is not None:
            select = yield from select_of(fn, call.receiver, safe=chains.is_safe_step(node))
        code = yield from lazily(select, _run_select(fn, node, call, select))
    else:
        select = yield from select_of(fn, node)
        code = fetch(fn, select)
    return chains.guarded(fn, node, select.guard, code)


_RUNNING = ("first", "count", "exists?", "pluck", "find_by", "sum", "avg", "min", "max")


def _run_select(fn: FunctionBuilder, node: ast.Expr, call: RecordCall, select: Select) -> Lowering:
    if call.operation in ("find_by", "exists?"):
        select = yield from narrowed(fn, select, call.arguments)
    text = _run(fn, node, call, select.column, select.arguments)
    return operation(fn, text, select.all_values)


def _run_composed(fn: FunctionBuilder, node: ast.Expr, call: RecordCall) -> Lowering:
    assert call.receiver is not None
    query = yield Operand(call.receiver, composed=True, chain=True)
    if chains.is_safe_step(node) and not query.guards:
        query = behind_safe_step(fn, query, call.receiver)
    guard, query = query.split()
    if call.operation in ("find_by", "exists?") and call.arguments:
        resource = fn.module.program.resources[call.resource]
        delta = Select(resource, qualified=True, guard=Guard(guard.conditions))
        delta = yield from lazily(delta, narrowed(fn, delta, call.arguments))
        query = extended(fn, query, delta)
    text = _run(fn, node, call, quoted, partial(arguments_of, query))
    return chains.guarded(fn, node, guard, operation(fn, text, [query]))


def _run(
    fn: FunctionBuilder,
    node: ast.Expr,
    call: RecordCall,
    column: Callable[[str], str],
    given: Callable[..., str],
) -> str:
    """Return the runtime's operation that runs a query; `given` returns its arguments by method."""
    resource = fn.module.program.resources[call.resource]
    named = call.arguments if call.operation not in ("find_by", "exists?") else ()
    fields = [column_of(resource, name_of(each.value)) for each in named]
    match call.operation:
        case "first" | "find_by":
            return f"first({fn.module.record_class(call.resource)}, {given('first')})"
        case "exists?":
            return f"scalar({fn.builtin('bool')}, {given('exists')})"
        case "count":
            return f"scalar({fn.builtin('int')}, {given('value', 'count(*)')})"
        case "pluck":
            rows = given("columns", *(field.name for field in fields))
            kind = f"pluck({class_of(fn, fields[0].type)}, "
            return f"{kind if len(fields) == 1 else 'pluck_rows('}{rows})"
        case "sum" | "avg" | "min" | "max":
            what, kind, nil = aggregate_of(fn, node, call.operation, column(fields[0].name))
            return f"{'scalar_or_none' if nil else 'scalar'}({kind}, {given('value', what)})"
    return f"fetch({fn.module.record_class(call.resource)}, {given('rows')})"


def _of_rows(fn: FunctionBuilder, node: ast.Expr, call: RecordCall) -> Lowering:
    """Lower an operation on an array of rows."""
    assert call.receiver is not None
    guard, rows = (yield from chains.receiver(fn, node, call.receiver)).split()
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
            rows, row = fn.iterable(rows), fn.names.fresh("row")
            values = [f"{row}.{column_of(resource, name).python}" for name in names]
            value = values[0] if len(values) == 1 else f"[{', '.join(values)}]"
            return list_from(Code(value, effect=Effect.READS), row, rows)
    return rows
