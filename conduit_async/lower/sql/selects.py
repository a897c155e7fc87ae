"""The query of an expression: its steps, and their guard."""

from collections.abc import Generator
from dataclasses import replace
from typing import TypeVar

from ... import ast
from ...analyses.queries import is_query
from ...program import Column, Local, RecordCall, RelationUse
from ...python import literals
from ...python.code import NO_GUARD, Code, Line, holds, if_, list_from, negate
from ...types import Array, Query, is_nullable
from ..expressions import chains
from ..expressions.dispatch import Operand
from ..functions.function_builder import FunctionBuilder
from ..python.order import in_positions, source_order
from ..python.typing import DYNAMIC, effective_operand, type_of
from .conditions import Condition, Selecting, column_of, compared, equal_to, name_of
from .relations import ordered, owner_key, related
from .sql import Select

T = TypeVar("T")


def select_of(fn: FunctionBuilder, node: ast.Expr, *, safe: bool = False) -> Selecting:
    """Return the query of an expression; `safe`: a `?.` follows it."""
    steps: list[RecordCall] = []
    while True:
        use = fn.resolved(node)
        if isinstance(node, ast.Unwrap):
            return (yield from continued(fn, (yield from _unwrapped(fn, node)), steps))
        if not isinstance(use, RecordCall) or use.receiver is None:
            break
        steps.insert(0, use)
        safe, node = chains.is_safe_step(node), use.receiver
    if isinstance(use, RecordCall):
        steps.insert(0, use)
        select = Select(fn.module.program.resources[use.resource])
    elif isinstance(use, RelationUse):
        guard, key = (yield from owner_key(fn, node, use)).split()
        select = replace(related(fn, use.relation, key), guard=guard)
    elif isinstance(use, Local) and use in fn.queries:
        select = fn.queries[use] if safe else replace(fn.queries[use], guard=NO_GUARD)
    else:
        raise LookupError(f"{node!r} is not a query")
    return (yield from continued(fn, select, steps))


def continued(fn: FunctionBuilder, select: Select, steps: list[RecordCall]) -> Selecting:
    """Add further steps to a query."""
    for step in steps:
        select = yield from lazily(select, _step(fn, select, step))
    return select


def _unwrapped(fn: FunctionBuilder, node: ast.Unwrap) -> Selecting:
    """Lower `q!`: an error if a `?.` in the query met nil."""
    select = yield from select_of(fn, node.operand, safe=True)
    if select.guard.conditions:
        error = fn.module.imports.runtime("ConduitError")
        message = literals.quoted(f"{node.operand.span.in_one_line} is nil")
        is_nil = negate(holds(select.guard.conditions))
        check = if_(is_nil, [Line(f"raise {error}({message})")])
        first, *others = select.values
        first = replace(first, before=(*select.guard.before, check, *first.before))
        select = replace(select, values=(first, *others), guard=NO_GUARD)
    return select


def lazily(select: Select, steps: Generator[Operand, Code, T]) -> Generator[Operand, Code, T]:
    """Run the steps of a query; their values are evaluated only if its guards hold."""
    if not select.guard.conditions:
        return (yield from steps)
    try:
        operand = next(steps)
        while True:
            operand = steps.send((yield replace(operand, lazy=True)))
    except StopIteration as stop:
        result: T = stop.value
        return result


def _step(fn: FunctionBuilder, select: Select, call: RecordCall) -> Selecting:
    match call.operation:
        case "where":
            return (yield from narrowed(fn, select, call.arguments))
        case "order_by":
            return ordered(select, ",".join(name_of(each.value) for each in call.arguments))
        case "limit" | "offset":
            return (yield from _bounded(fn, select, call.operation, call.arguments[0].value))
        case "all" | "query":
            return select
    return (yield from _scope(fn, select, call))


def _bounded(fn: FunctionBuilder, select: Select, name: str, node: ast.Expr) -> Selecting:
    bound = yield Operand(node)
    replaced = select.limit if name == "limit" else select.offset
    select = replace(select, limit=None) if name == "limit" else replace(select, offset=None)
    if replaced is not None and (replaced.before or replaced.effect.is_observable):
        select = select.after(fn.hoist(replaced).before)
    longer = replace(select, limit=bound) if name == "limit" else replace(select, offset=bound)
    place = len(select.values) + (name == "offset" and select.limit is not None)
    count = len(longer.values) + len(longer.bounds)
    return _in_order(fn, longer, [*(each for each in range(count) if each != place), place])


def _in_order(fn: FunctionBuilder, select: Select, positions: list[int]) -> Select:
    """Evaluate the values and bounds of a query in the given order, not in the order of the SQL.

    The statements that they need run before the first value.
    """
    parts = [*select.values, *select.bounds]
    ordered = fn.in_order([parts[place] for place in positions], positions=positions)
    lines = [line for part in ordered for line in part.before]
    parts = [replace(part, before=()) for part in in_positions(ordered, positions)]
    return select.filled(parts).after(lines)


def narrowed(fn: FunctionBuilder, select: Select, given: tuple[ast.Argument, ...]) -> Selecting:
    """Add further conditions to a query."""
    texts: list[str] = []
    values: list[Code] = []
    for argument in given:
        if argument.name is not None:
            pairs = [(argument.name.text, argument.value)]
        elif isinstance(argument.value, ast.HashLiteral):
            pairs = [(name_of(entry.key), entry.value) for entry in argument.value.entries]
        else:
            text, found = yield from condition(fn, select, argument.value)
            texts.append(text)
            values += found
            continue
        for name, node in pairs:
            text, found = yield from equal_to(fn, select, name, node)
            texts.append(text)
            values += found
    old, new = len(select.values), len(values)
    longer = replace(select, where=(*select.where, *texts), values=(*select.values, *values))
    bounds = range(old + new, old + new + len(select.bounds))
    return _in_order(fn, longer, [*range(old), *bounds, *range(old, old + new)])


def condition(fn: FunctionBuilder, select: Select, node: ast.Expr) -> Condition:
    """Lower `a > 1`, `b in […]`, and combinations with `and`, `or` and `not`."""
    if isinstance(node, ast.Unary):
        text, values = yield from condition(fn, select, effective_operand(node))
        return f"({text}) IS NOT TRUE", values
    assert isinstance(node, ast.Binary)
    if node.operator in ("and", "or"):
        parts = [node.right]
        left = node.left
        while isinstance(left, ast.Binary) and left.operator == node.operator:
            parts.insert(0, left.right)
            left = left.left
        texts, values = [], []
        for part in (left, *parts):
            text, found = yield from condition(fn, select, part)
            texts.append(text)
            values += found
        return f"({f' {node.operator.upper()} '.join(texts)})", values
    assert isinstance(node.left, ast.NameRef)
    column = column_of(select.resource, node.left.name)
    if node.operator in ("in", "not_in"):
        return (yield from _member(fn, select, column, node))
    return (yield from compared(fn, select, column, node.operator, node.right))


def _member(fn: FunctionBuilder, select: Select, column: Column, node: ast.Binary) -> Condition:
    name = select.column(column.name)
    negated = node.operator == "not_in"
    container = node.right
    if isinstance(container, ast.Binary) and container.operator in ("..", "..."):
        low = yield Operand(container.left)
        high = yield Operand(container.right)
        last = "<=" if container.operator == ".." else "<"
        text = f"{name} >= %s AND {name} {last} %s"
        return (f"({text}) IS NOT TRUE" if negated else text), [low, high]
    if isinstance(kind := type_of(fn, container), Query):
        if is_query(fn.module.facts, container, fn.locals.queries):
            return (yield from _subquery(fn, name, column, node))
        rows = fn.iterable((yield Operand(container)))
        key = fn.module.program.resources[kind.resource].primary_key or "id"
        value = list_from(Code(f"row.{key}"), "row", rows)
        return f"{name} {'= ANY' if node.operator == 'in' else '<> ALL'}(%s)", [value]
    has_nil = False
    if isinstance(container, ast.ArrayLiteral) and is_nullable(column.type):
        items = tuple(item for item in container.items if not isinstance(item, ast.Nil))
        has_nil = len(items) < len(container.items)
        if has_nil and not items:
            return f"{name} IS {'NOT ' if negated else ''}NULL", []
        container = ast.ArrayLiteral(container.span, items) if has_nil else container
    value = yield Operand(container)
    kind = type_of(fn, container)
    if has_nil:
        text = f"({name} IS NULL OR {name} = ANY(%s))"
        return (f"{text} IS NOT TRUE" if negated else text), [value]
    item = kind.item if isinstance(kind, Array) else None
    if is_nullable(column.type) and item and (is_nullable(item) or item in DYNAMIC):
        first, again = fn.reusable(value, column.python)
        text = f"({name} = ANY(%s) OR {name} IS NULL AND array_position(%s, NULL) > 0)"
        return (f"{text} IS NOT TRUE" if negated else text), [first, again]
    if not negated:
        return f"{name} = ANY(%s)", [value]
    if is_nullable(column.type):
        return f"({name} = ANY(%s)) IS NOT TRUE", [value]
    return f"{name} <> ALL(%s)", [value]


def _subquery(fn: FunctionBuilder, name: str, column: Column, node: ast.Binary) -> Condition:
    """Lower `author_id in User.where(…)` to a subquery for the keys of the other query's rows."""
    select = yield from select_of(fn, node.right)
    keys = select.column(select.resource.primary_key or "id")
    text = f"{name} IN ({' '.join(select.statement(keys, ordered=select.is_cut))})"
    values = select.after(select.guard.before).all_values
    if node.operator == "in":
        return text, values
    negated = f"({text}) IS NOT TRUE" if is_nullable(column.type) else f"NOT {text}"
    return negated, values


def _scope(fn: FunctionBuilder, select: Select, call: RecordCall) -> Selecting:
    scope = select.resource.scopes[call.operation]
    select = yield from _bound(fn, select, scope, call.arguments)
    lone = scope.body.statements if scope.body is not None else ()
    wheres = [each.value for each in lone if isinstance(each, ast.ExprStatement)]
    wheres += [pair.value for pair in scope.pairs if pair.key.text == "where"]
    conditions = tuple(ast.Argument(where.span, None, where) for where in wheres)
    select = yield from narrowed(fn, select, conditions)
    for pair in scope.pairs:
        match pair.key.text:
            case "order_by":
                select = ordered(select, name_of(pair.value))
            case "limit" | "offset" as name:
                select = yield from _bounded(fn, select, name, pair.value)
    return select


def _bound(
    fn: FunctionBuilder, select: Select, scope: ast.Scope, arguments: tuple[ast.Argument, ...]
) -> Selecting:
    """Bind a scope's parameters to the arguments; return the query before the scope's steps."""
    named = {a.name.text: a.value for a in arguments if a.name is not None}
    positional = [a.value for a in arguments if a.name is None]
    given: list[tuple[Local, ast.Expr]] = []
    for parameter in scope.parameters:
        node = (
            positional.pop(0) if positional else named.get(parameter.name.text, parameter.default)
        )
        local = fn.module.facts.declared.get(parameter.name)
        if node is not None and local is not None:
            given.append((local, node))
    given = [given[index] for index in source_order([node for _, node in given])]
    values = []
    for local, node in given:
        value = yield Operand(node)
        if not (value.repeatable or value.is_constant):
            value = fn.hoist(value, local.python)
        values.append(value)
    old = [*select.values, *select.bounds]
    parts = fn.in_order([*old, *values])
    for (local, _), part in zip(given, parts[len(old) :], strict=True):
        fn.bound[local] = replace(part, before=())
    lines = [line for part in parts for line in part.before]
    return select.filled([replace(part, before=()) for part in parts[: len(old)]]).after(lines)
