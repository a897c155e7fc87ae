"""What query an expression stands for: its steps, and what they are guarded by."""

from collections.abc import Generator
from dataclasses import replace
from typing import TypeVar

from ... import ast
from ...program import Local, RecordCall, RelationUse, ResourceInfo
from ...types import FLOAT, INT, Type, required
from ..expressions import chains
from ..expressions.dispatch import Operand, lower
from ..functions.function_builder import Frame
from ..python import literals
from ..python.code import NONE, Code, Line, body_of, close
from ..python.ordering import prepared, source_order, values_in_order
from ..python.typing import type_of
from .conditions import Selecting, condition, equal_to
from .relations import ordered, owner_key, related
from .sql import Select

T = TypeVar("T")


def selecting(
    frame: Frame, node: ast.Expr, resource: ResourceInfo, receiver: ast.Expr | None
) -> Selecting:
    """The query that an operation continues: none, another query, or a relation's rows."""
    if receiver is None:
        return Select(resource)
    return (yield from select_of(frame, receiver, safe=chains.is_safe_step(node)))


def select_of(frame: Frame, node: ast.Expr, *, safe: bool = False) -> Selecting:
    """The query that an expression stands for; `safe`: a `?.` follows it."""
    steps: list[tuple[ast.Expr, RecordCall]] = []
    facts = frame.module.facts
    while True:
        use = facts.resolutions.get(node)
        if isinstance(node, ast.Unwrap):
            return (yield from _unwrapped(frame, node, steps))
        if not isinstance(use, RecordCall) or use.receiver is None:
            break
        steps.insert(0, (node, use))
        safe, node = chains.is_safe_step(node), use.receiver
    if isinstance(use, RecordCall):
        steps.insert(0, (node, use))
        select = Select(frame.module.program.resources[use.resource])
    elif isinstance(use, RelationUse):
        key = yield from owner_key(frame, node, use)
        guards, before = key.guards, key.before if key.guards else ()
        key = replace(key, guards=(), before=() if key.guards else key.before)
        select = replace(related(frame, use.relation, key), guards=guards, before=before)
    elif isinstance(use, Local) and use in frame.queries:
        select = frame.queries[use]
        select = select if safe else replace(select, guards=())
    else:
        raise LookupError(f"{node!r} is no query")
    return (yield from continued(frame, select, steps))


def continued(frame: Frame, select: Select, steps: list[tuple[ast.Expr, RecordCall]]) -> Selecting:
    """A query with further steps."""
    for _, step in steps:
        select = yield from lazily(select, _step(frame, select, step))
    return select


def _unwrapped(
    frame: Frame, node: ast.Unwrap, steps: list[tuple[ast.Expr, RecordCall]]
) -> Selecting:
    """`q!`: an error when a `?.` in the query met nil."""
    select = yield from select_of(frame, node.operand, safe=True)
    if select.guards:
        error = frame.module.imports.runtime("ConduitError")
        what = " ".join(node.operand.span.text.split())
        lines = (
            *select.before,
            Line(f"if {_fails(select.guards)}:"),
            Line(f"raise {error}({literals.quoted(f'{what} is nil')})", 1),
        )
        first, *others = select.values
        first = replace(first, before=(*lines, *first.before))
        select = replace(select, values=(first, *others), guards=(), before=())
    return (yield from continued(frame, select, steps))


def _fails(guards: tuple[str, ...]) -> str:
    if len(guards) == 1 and guards[0].endswith(" is not None"):
        return f"{guards[0].removesuffix(' is not None')} is None"
    return f"not ({' and '.join(guards)})"


def lazily(select: Select, steps: Generator[Operand, Code, T]) -> Generator[Operand, Code, T]:
    """The steps of a query, whose values are only evaluated when its guards hold."""
    if not select.guards:
        return (yield from steps)
    code: Code | None = None
    while True:
        try:
            wish = next(steps) if code is None else steps.send(code)
        except StopIteration as stop:
            result: T = stop.value
            return result
        code = yield replace(wish, lazy=True)


def bound_query(frame: Frame, node: ast.Expr) -> tuple[list[Line], Select]:
    """A query as the value of a variable: its values are evaluated now, once, whatever follows."""
    steps = select_of(frame, node, safe=True)
    code: Code | None = None
    while True:
        try:
            wish = next(steps) if code is None else steps.send(code)
        except StopIteration as stop:
            return _settled(frame, stop.value)
        frame.lazy += wish.lazy
        code = lower(frame, wish.node, maybe=wish.maybe, chain=wish.chain, expected=wish.expected)
        frame.lazy -= wish.lazy


def _settled(frame: Frame, select: Select) -> tuple[list[Line], Select]:
    lines, guards = list(select.before), select.guards
    first, *others = select.values or (NONE,)
    if guards:
        name = frame.fresh(first.text.replace(".", "_") if first.repeatable else "key")
        lines.append(Line(f"{name} = {close(replace(first, guards=guards)).text}"))
        first, guards = Code(name), (f"{name} is not None",)
    given = [first, *others, *select.bounds]
    settled: list[Code] = []
    inner: list[Line] = []
    for code in frame.in_order(given, ["value"] * len(given)):
        changes = bool(code.effect) and frame.locals.may_change
        unstable = changes or not (code.repeatable or code.is_constant)
        if guards and (unstable or code.before):
            variable = frame.fresh("value")
            object_ = frame.module.imports.use("builtins", "object")
            lines.append(Line(f"{variable}: {object_} = None"))
            code = Code(variable, before=(*code.before, Line(f"{variable} = {code.text}")))
        elif unstable:
            code = frame.spill(code, "value")
        inner += code.before
        settled.append(replace(code, before=()))
    if guards and inner:
        inner = [Line(f"if {guards[0]}:"), *body_of(inner)]
    settled = settled if select.values else settled[1:]
    return [*lines, *inner], replace(select.filled(settled), guards=guards, before=())


def _step(frame: Frame, select: Select, call: RecordCall) -> Selecting:
    match call.operation:
        case "where":
            return (yield from narrowed(frame, select, call.arguments))
        case "order_by":
            return ordered(select, ",".join(name_of(each.value) for each in call.arguments))
        case "limit" | "offset":
            return (yield from _bounded(frame, select, call.operation, call.arguments[0].value))
        case "all" | "query":
            return select
    return (yield from _scope(frame, select, call))


def _bounded(frame: Frame, select: Select, name: str, node: ast.Expr) -> Selecting:
    bound = yield Operand(node)
    replaced = select.limit if name == "limit" else select.offset
    select = replace(select, limit=None) if name == "limit" else replace(select, offset=None)
    if replaced is not None and (replaced.before or replaced.effect.matters):
        select = prepared(select, frame.spill(replaced).before)
    longer = replace(select, limit=bound) if name == "limit" else replace(select, offset=bound)
    place = len(select.values) + (name == "offset" and select.limit is not None)
    count = len(longer.values) + len(longer.bounds)
    return values_in_order(
        frame, longer, [*(each for each in range(count) if each != place), place]
    )


def narrowed(frame: Frame, select: Select, given: tuple[ast.Argument, ...]) -> Selecting:
    """The query with further conditions."""
    texts: list[str] = []
    values: list[Code] = []
    for argument in given:
        if argument.name is not None:
            pairs = [(argument.name.text, argument.value)]
        elif isinstance(argument.value, ast.HashLiteral):
            pairs = [(name_of(entry.key), entry.value) for entry in argument.value.entries]
        else:
            text, found = yield from condition(frame, select, argument.value)
            texts.append(text)
            values += found
            continue
        for name, node in pairs:
            text, found = yield from equal_to(frame, select, name, node)
            texts.append(text)
            values += found
    old, new = len(select.values), len(values)
    longer = replace(select, where=(*select.where, *texts), values=(*select.values, *values))
    bounds = range(old + new, old + new + len(select.bounds))
    return values_in_order(frame, longer, [*range(old), *bounds, *range(old, old + new)])


def _scope(frame: Frame, select: Select, call: RecordCall) -> Selecting:
    scope = select.resource.scopes[call.operation]
    select = yield from _bound(frame, select, scope, call.arguments)
    lone = scope.body.statements if scope.body is not None else ()
    wheres = [each.value for each in lone if isinstance(each, ast.ExprStatement)]
    wheres += [pair.value for pair in scope.pairs if pair.key.text == "where"]
    conditions = tuple(ast.Argument(where.span, None, where) for where in wheres)
    select = yield from narrowed(frame, select, conditions)
    for pair in scope.pairs:
        match pair.key.text:
            case "order_by":
                select = ordered(select, name_of(pair.value))
            case "limit" | "offset" as name:
                select = yield from _bounded(frame, select, name, pair.value)
    return select


def _bound(
    frame: Frame, select: Select, scope: ast.Scope, arguments: tuple[ast.Argument, ...]
) -> Selecting:
    """The query before a scope's steps, whose parameters are what the arguments give."""
    named = {a.name.text: a.value for a in arguments if a.name is not None}
    positional = [a.value for a in arguments if a.name is None]
    given: list[tuple[Local, ast.Expr]] = []
    for parameter in scope.parameters:
        node = (
            positional.pop(0) if positional else named.get(parameter.name.text, parameter.default)
        )
        local = frame.module.facts.declared.get(parameter.name)
        if node is not None and local is not None:
            given.append((local, node))
    given = [given[index] for index in source_order([node for _, node in given])]
    values = []
    for local, node in given:
        value = yield Operand(node)
        if not (value.repeatable or value.is_constant):
            value = frame.spill(value, local.python)
        values.append(value)
    old = [*select.values, *select.bounds]
    parts = frame.in_order([*old, *values])
    for (local, _), part in zip(given, parts[len(old) :], strict=True):
        frame.bound[local] = replace(part, before=())
    lines = [line for part in parts for line in part.before]
    return prepared(select.filled([replace(part, before=()) for part in parts[: len(old)]]), lines)


def name_of(node: ast.Expr) -> str:
    """A field, named by a symbol or a constant string."""
    if isinstance(node, ast.Symbol):
        return node.name
    return (node.value or "") if isinstance(node, ast.String) else ""


def class_of(frame: Frame, kind: Type) -> str:
    """The class that a value of a column has, `object` where no class says it all."""
    text = frame.module.annotation(kind)
    plain = text.isidentifier() and text != "Any"
    return text if plain else frame.module.imports.use("typing", "Any")


def aggregate_of(frame: Frame, node: ast.Expr, name: str, column: str) -> tuple[str, str, bool]:
    """The SQL of `sum`, `avg`, `min` or `max`, its class, and whether it may be nil."""
    kind = required(type_of(frame, node))
    text = f"{name}({column})"
    if name == "sum":
        cast = "bigint" if kind == INT else "float8" if kind == FLOAT else "numeric"
        return f"coalesce({text}, 0)::{cast}", class_of(frame, kind), False
    return text, class_of(frame, kind), True
