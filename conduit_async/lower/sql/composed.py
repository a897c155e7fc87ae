"""Queries as values of variables: bound at once, or composed at run time."""

from dataclasses import replace

from ... import ast
from ...analyses.queries import is_query
from ...program import Local, RecordCall
from ...python import literals
from ...python.code import (
    NONE,
    Code,
    Effect,
    Guard,
    Line,
    NotNil,
    Precedence,
    assignment,
    close,
    combine,
    holds,
    if_,
)
from ...types import Type, is_nullable
from ..expressions import chains
from ..expressions.dispatch import Lowering, Operand, composes, lower_all
from ..functions.function_builder import FunctionBuilder
from ..python.typing import resource_of, type_of
from .relations import operation
from .selects import continued, select_of
from .sql import Select, literal


def bound_query(fn: FunctionBuilder, node: ast.Expr) -> tuple[list[Line], Select]:
    """Bind a query to a variable: its values are evaluated here and once."""
    select = lower_all(fn, select_of(fn, node, safe=True))
    lines, guards = list(select.guard.before), select.guard.conditions
    first, *others = select.values or (NONE,)
    if guards:
        name = fn.names.fresh(first.text.replace(".", "_") if first.repeatable else "key")
        lines.append(assignment(name, close(replace(first, guards=guards)).text))
        first, guards = Code(name), (NotNil(name),)
    given = [first, *others, *select.bounds]
    settled: list[Code] = []
    inner: list[Line] = []
    for code in fn.in_order(given, ["value"] * len(given)):
        changes = bool(code.effect) and bool(fn.locals.assigns_fields or fn.locals.assigned)
        unstable = changes or not (code.repeatable or code.is_constant)
        if guards and (unstable or code.before):
            variable = fn.names.fresh("value")
            lines.append(Line(f"{variable}: {fn.builtin('object')} = None"))
            code = Code(variable, before=(*code.before, assignment(variable, code.text)))
        elif unstable:
            code = fn.hoist(code, "value")
        inner += code.before
        settled.append(replace(code, before=()))
    if guards and inner:
        inner = [if_(holds(guards), inner)]
    settled = settled if select.values else settled[1:]
    return [*lines, *inner], replace(select.filled(settled), guard=Guard(guards))


def arguments_of(query: Code, method: str, *what: str) -> str:
    """Return the arguments of an operation that runs a query: the result of a `Select` method."""
    given = ", ".join(map(literals.quoted, what))
    return f"*{query.at(Precedence.PRIMARY)}.{method}({given})"


@composes
def composed(fn: FunctionBuilder, node: ast.Expr, operand: Operand) -> Lowering:
    """Lower a query as a value to a `Select` of the runtime."""
    facts = fn.module.facts
    resource = resource_of(fn, type_of(fn, node))
    if is_query(facts, node, fn.locals.queries):
        select = yield from select_of(fn, node, safe=True)
        record = fn.module.record_class(select.resource.name)
        joins = f", {literal([' '.join(select.joins)])}" if select.joins else ""
        text = f"{fn.module.imports.runtime('Select')}({record}{joins})"
        code = extended(fn, Code(text, Precedence.PRIMARY), select)
        return replace(code, guards=select.guard.conditions)
    steps: list[RecordCall] = []
    base, safe = node, False
    while isinstance(use := facts.resolutions.get(base), RecordCall) and use.receiver is not None:
        steps.insert(0, use)
        safe, base = chains.is_safe_step(base), use.receiver
    local = facts.resolutions.get(base)
    if isinstance(local, Local):
        query = Code(fn.names.local(local), effect=Effect.READS)
    else:
        query = yield Operand(base, composed=True)
    if safe and is_nullable(type_of(fn, base)):
        query = behind_safe_step(fn, query, base)
    delta = Select(resource, qualified=True, guard=Guard(query.guards))
    return extended(fn, query, (yield from continued(fn, delta, steps)))


def behind_safe_step(fn: FunctionBuilder, query: Code, node: ast.Expr) -> Code:
    """Guard a query that a `?.` follows."""
    first, again = fn.reusable(query, node)
    guard = NotNil(first.text, again.text if first.text != again.text else None)
    return replace(again, before=first.before, guards=(guard,))


def extended(fn: FunctionBuilder, query: Code, delta: Select) -> Code:
    """Add the steps of `delta` to the code of a query."""
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
    """Load the rows of a composed query here."""
    record = fn.module.record_class(resource_of(fn, kind).name)
    rows = operation(fn, f"fetch({record}, {arguments_of(query, 'rows')})", [query])
    return replace(rows, guards=query.guards)
