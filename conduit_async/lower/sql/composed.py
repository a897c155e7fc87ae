"""Queries that are known at run time only: composed of SQL that stands in the module."""

from dataclasses import replace

from ... import ast
from ...analyses.queries import is_query
from ...program import Local, RecordCall, ResourceInfo
from ...python import literals
from ...python.code import Code, Effect, Guard, NotNil, Precedence, combine
from ...types import Type, is_nullable
from ..expressions import chains
from ..expressions.dispatch import Lowering, Operand, composes
from ..functions.function_builder import FunctionBuilder, variable_for
from ..python.typing import resource_of, type_of
from .conditions import aggregate_of, class_of, column_of, name_of
from .relations import operation
from .selects import continued, lazily, narrowed, select_of
from .sql import Select, literal, quoted


@composes
def composed(fn: FunctionBuilder, node: ast.Expr, operand: Operand) -> Lowering:
    """A query as a value: a `Select` of the runtime."""
    facts = fn.module.facts
    resource = resource_of(fn, type_of(fn, node))
    if is_query(facts, node, fn.locals.queries):
        select = yield from select_of(fn, node, safe=True)
        return _constructed(fn, select)
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
        query = _guarded(fn, query, base)
    delta = Select(resource, qualified=True, guard=Guard(query.guards))
    return _extended(fn, query, (yield from continued(fn, delta, steps)))


def _constructed(fn: FunctionBuilder, select: Select) -> Code:
    record = fn.module.record_class(select.resource.name)
    joins = f", {literal([' '.join(select.joins)])}" if select.joins else ""
    text = f"{fn.module.imports.runtime('Select')}({record}{joins})"
    code = _extended(fn, Code(text, Precedence.PRIMARY), select)
    return replace(code, guards=select.guard.conditions)


def _guarded(fn: FunctionBuilder, query: Code, node: ast.Expr) -> Code:
    """A query behind which a `?.` stands."""
    first, again = fn.twice(query, variable_for(node))
    guard = NotNil(first.text, again.text if first.text != again.text else None)
    return replace(again, before=first.before, guards=(guard,))


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
    before = (*query.before, *delta.guard.before, *code.before[len(query.before) :])
    return replace(code, before=before, guards=query.guards)


def rows_of(fn: FunctionBuilder, query: Code, kind: Type) -> Code:
    """The rows of a composed query, which are loaded here."""
    record = fn.module.record_class(resource_of(fn, kind).name)
    statement = f"{query.at(Precedence.PRIMARY)}.rows()"
    return replace(operation(fn, f"fetch({record}, *{statement})", [query]), guards=query.guards)


def run_composed(fn: FunctionBuilder, node: ast.Expr, call: RecordCall) -> Lowering:
    """An operation on a composed query, which runs it."""
    assert call.receiver is not None
    resource = fn.module.program.resources[call.resource]
    query = yield Operand(call.receiver, composed=True, chain=True)
    if chains.is_safe_step(node) and not query.guards:
        query = _guarded(fn, query, call.receiver)
    guard, query = query.split()
    if call.operation in ("find_by", "exists?") and call.arguments:
        delta = Select(resource, qualified=True, guard=Guard(guard.conditions))
        delta = yield from lazily(delta, narrowed(fn, delta, call.arguments))
        query = _extended(fn, query, delta)
    code = operation(fn, _operation(fn, node, call, query, resource), [query])
    return chains.guarded(fn, node, guard, code)


def _operation(
    fn: FunctionBuilder, node: ast.Expr, call: RecordCall, query: Code, resource: ResourceInfo
) -> str:
    record, text = fn.module.record_class(resource.name), query.at(Precedence.PRIMARY)
    match call.operation:
        case "first" | "find_by":
            return f"first({record}, *{text}.first())"
        case "exists?":
            return f"scalar({fn.builtin('bool')}, *{text}.exists())"
        case "count":
            return f'scalar({fn.builtin("int")}, *{text}.value("count(*)"))'
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
