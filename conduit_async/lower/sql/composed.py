"""Queries that are known at run time only: composed of SQL that stands in the module."""

from dataclasses import replace

from ... import ast
from ...analyses.queries import is_query
from ...program import Local, RecordCall, ResourceInfo
from ...python import literals
from ...python.code import Code, Effect, Precedence, combine
from ...types import Array, Query, Record, Type, is_nullable, required
from ..expressions import chains
from ..expressions.dispatch import Lowering, Operand, composes
from ..functions.function_builder import FunctionBuilder, variable_for
from ..python.typing import type_of
from .conditions import aggregate_of, class_of, column_of, name_of
from .relations import operation
from .selects import continued, lazily, narrowed, select_of
from .sql import Select, literal, quoted


def resource_of(fn: FunctionBuilder, kind: Type) -> ResourceInfo:
    """The resource of a query's rows."""
    kind = required(kind)
    record = required(kind.item) if isinstance(kind, Array) else kind
    assert isinstance(record, Query | Record)
    return fn.module.program.resources[record.resource]


@composes
def composed(fn: FunctionBuilder, node: ast.Expr, operand: Operand) -> Lowering:
    """A query as a value: a `Select` of the runtime."""
    facts = fn.module.facts
    resource = resource_of(fn, type_of(fn, node))
    if is_query(facts, node, fn.locals.queries):
        select = yield from select_of(fn, node, safe=True)
        return replace(_constructed(fn, select), guards=select.guards)
    steps: list[tuple[ast.Expr, RecordCall]] = []
    base, safe = node, False
    while isinstance(use := facts.resolutions.get(base), RecordCall) and use.receiver is not None:
        steps.insert(0, (base, use))
        safe, base = chains.is_safe_step(base), use.receiver
    local = facts.resolutions.get(base)
    if isinstance(local, Local):
        query = Code(fn.local(local), effect=Effect.READS)
    else:
        query = yield Operand(base, composed=True)
    if safe and is_nullable(type_of(fn, base)):
        query, again = fn.twice(query, variable_for(base))
        query = replace(again, before=query.before, guards=(f"{query.text} is not None",))
    delta = Select(resource, qualified=True, guards=query.guards)
    return _extended(fn, query, (yield from continued(fn, delta, steps)))


def _constructed(fn: FunctionBuilder, select: Select) -> Code:
    record = fn.module.record_class(select.resource.name)
    joins = f", {literal([' '.join(select.joins)])}" if select.joins else ""
    text = f"{fn.module.imports.runtime('Select')}({record}{joins})"
    return _extended(fn, Code(text, Precedence.PRIMARY), replace(select, guards=()))


def _extended(fn: FunctionBuilder, query: Code, delta: Select) -> Code:
    """A query with further steps."""
    parts = [*delta.values, *delta.bounds]
    if not query.guards:
        query, *parts = fn.in_order([query, *parts])
        delta = delta.filled(parts)
    text = query.at(Precedence.PRIMARY)
    if delta.where:
        condition = literal([" AND ".join(delta.where)], width=10_000)
        values = "".join(f", {value.at(Precedence.TERNARY)}" for value in delta.values)
        text += f".where({condition}{values})"
    if delta.order:
        text += f".order_by({literals.quoted(', '.join(delta.order))})"
    for name, bound in (("limit", delta.limit), ("offset", delta.offset)):
        text += f".{name}({bound.text})" if bound is not None else ""
    code = combine(text, Precedence.PRIMARY, [query, *parts], Effect.READS)
    before = (*query.before, *delta.before, *code.before[len(query.before) :])
    return replace(code, before=before, guards=query.guards)


def rows_of(fn: FunctionBuilder, query: Code, kind: Type) -> Code:
    """The rows of a composed query, which are loaded here."""
    record = fn.module.record_class(resource_of(fn, kind).name)
    statement = f"{query.at(Precedence.PRIMARY)}.rows()"
    guards = query.guards
    return replace(operation(fn, f"fetch({record}, *{statement})", [query]), guards=guards)


def run_composed(fn: FunctionBuilder, node: ast.Expr, call: RecordCall) -> Lowering:
    """An operation on a composed query, which runs it."""
    assert call.receiver is not None
    resource = fn.module.program.resources[call.resource]
    query = yield Operand(call.receiver, composed=True, chain=True)
    callee = node.callee if isinstance(node, ast.Call) else node
    if isinstance(callee, ast.Member) and callee.safe and not query.guards:
        query, again = fn.twice(query, variable_for(call.receiver))
        query = replace(again, before=query.before, guards=(f"{query.text} is not None",))
    guards, before = query.guards, query.before if query.guards else ()
    query = replace(query, guards=(), before=() if guards else query.before)
    if call.operation in ("find_by", "exists?") and call.arguments:
        delta = Select(resource, qualified=True, guards=guards)
        delta = yield from lazily(delta, narrowed(fn, delta, call.arguments))
        query = _extended(fn, query, replace(delta, guards=()))
    code = operation(fn, _operation(fn, node, call, query, resource), [query])
    return chains.guarded(fn, node, guards, before, code)


def _operation(
    fn: FunctionBuilder, node: ast.Expr, call: RecordCall, query: Code, resource: ResourceInfo
) -> str:
    record, text = fn.module.record_class(resource.name), query.at(Precedence.PRIMARY)
    builtin = fn.module.imports.use
    match call.operation:
        case "first" | "find_by":
            return f"first({record}, *{text}.first())"
        case "exists?":
            return f"scalar({builtin('builtins', 'bool')}, *{text}.exists())"
        case "count":
            return f'scalar({builtin("builtins", "int")}, *{text}.value("count(*)"))'
        case "pluck":
            columns = [column_of(resource, name_of(each.value)) for each in call.arguments]
            names = ", ".join(literals.quoted(column.name) for column in columns)
            if len(columns) > 1:
                return f"pluck_rows(*{text}.columns({names}))"
            return f"pluck({class_of(fn, columns[0].type)}, *{text}.columns({names}))"
        case "sum" | "avg" | "min" | "max":
            column = quoted(column_of(resource, name_of(call.arguments[-1].value)).name)
            what, kind, nil = aggregate_of(fn, node, call.operation, column)
            name = "scalar_or_none" if nil else "scalar"
            return f"{name}({kind}, *{text}.value({literals.quoted(what)}))"
    return f"fetch({record}, *{text}.rows())"
