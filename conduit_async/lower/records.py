"""Queries and record operations, compiled to parameterised SQL that stands in the module."""

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import TypeVar

from .. import ast
from ..program import Local, RecordCall, RelationUse, ResourceInfo
from ..queries import is_query
from ..types import FLOAT, INT, Record, Type, required
from . import chains, literals
from .code import NONE, Code, Effect, Line, Strength, body_of, close, made_of
from .conditions import Selecting, column_of, condition, equal_to
from .drive import Lowering, Operand, lower
from .frame import Frame
from .relations import arguments, fetch, operation, owner_key, related
from .rows_in_memory import of_rows
from .sql import Select
from .typing import type_of

T = TypeVar("T")

AGGREGATES = ("count", "sum", "avg", "min", "max")


def record_call(frame: Frame, node: ast.Expr, call: RecordCall) -> Lowering:
    """Any operation on rows; a query that nobody ran is run where its value is used."""
    resource = frame.module.program.resources[call.resource]
    if call.operation in _WRITES:
        return (yield from _WRITES[call.operation](frame, resource, call))
    if call.operation == "find":
        key = yield Operand(call.arguments[0].value)
        record = frame.module.record_class(resource.name)
        return operation(frame, f"find({record}, {key.text})", [key])
    if call.receiver is not None and not is_query(
        frame.module.facts, call.receiver, frame.locals.queries
    ):
        return (yield from of_rows(frame, node, call))
    if call.operation in _RUNNING or (call.operation in AGGREGATES and call.arguments):
        select = yield from selecting(frame, node, resource, call.receiver)
        code = yield from lazily(select, _run(frame, node, call, select))
    else:
        select = yield from select_of(frame, node)
        code = fetch(frame, select)
    return chains.guarded(frame, node, select.guards, select.before, code)


_RUNNING = ("all", "first", "count", "exists?", "pluck", "find_by")


def _run(frame: Frame, node: ast.Expr, call: RecordCall, select: Select) -> Lowering:
    if call.operation in AGGREGATES and call.arguments:
        return _aggregate(frame, node, call, select)
    if call.operation in ("find_by", "exists?"):
        select = yield from _narrowed(frame, select, call.arguments)
    match call.operation:
        case "all":
            return fetch(frame, select)
        case "first" | "find_by":
            select = replace(select, limit=select.limit or Code("1"))
            return operation(frame, f"first({arguments(frame, select)})", select.all_values)
        case "count":
            return _scalar(frame, select, "count(*)", "int")
        case "exists?":
            pieces = select.statement("1")
            pieces = [f"SELECT EXISTS ({pieces[0]}", *pieces[1:-1], f"{pieces[-1]})"]
            text = arguments(frame, select, pieces, frame.module.imports.use("builtins", "bool"))
            return operation(frame, f"scalar({text})", select.all_values)
    return _pluck(frame, node, call, select)


def _pluck(frame: Frame, node: ast.Expr, call: RecordCall, select: Select) -> Code:
    columns = [column_of(select.resource, _name(argument.value)) for argument in call.arguments]
    pieces = select.statement(", ".join(select.column(c.name) for c in columns), ordered=True)
    if len(columns) > 1:
        text = arguments(frame, select, pieces, "-").removeprefix("-, ")
        return operation(frame, f"pluck_rows({text})", select.all_values)
    kind = _class_of(frame, columns[0].type)
    return operation(frame, f"pluck({arguments(frame, select, pieces, kind)})", select.all_values)


def _class_of(frame: Frame, kind: Type) -> str:
    """The class that a value of a column has, `object` where no class says it all."""
    text = frame.module.annotation(kind)
    plain = text.isidentifier() and text != "Any"
    return text if plain else frame.module.imports.use("typing", "Any")


def _scalar(frame: Frame, select: Select, what: str, kind: str, *, nil: bool = False) -> Code:
    pieces = select.statement(what)
    if select.is_cut:
        inner = select.statement("*", ordered=True)
        pieces = [f"SELECT {what}", f"FROM ({inner[0]}", *inner[1:-1], f"{inner[-1]}) AS part"]
    name = "scalar_or_none" if nil else "scalar"
    return operation(frame, f"{name}({arguments(frame, select, pieces, kind)})", select.all_values)


def _aggregate(frame: Frame, node: ast.Expr, call: RecordCall, select: Select) -> Code:
    column = column_of(select.resource, _name(call.arguments[-1].value))
    name = call.operation
    kind = required(type_of(frame, node))
    text = f"{name}({select.column(column.name)})"
    if name == "sum":
        cast = "bigint" if kind == INT else "float8" if kind == FLOAT else "numeric"
        return _scalar(frame, select, f"coalesce({text}, 0)::{cast}", _class_of(frame, kind))
    return _scalar(frame, select, text, _class_of(frame, kind), nil=True)


def selecting(
    frame: Frame, node: ast.Expr, resource: ResourceInfo, receiver: ast.Expr | None
) -> Selecting:
    """The query that an operation continues: none, another query, or a relation's rows."""
    if receiver is None:
        return Select(resource)
    return (yield from select_of(frame, receiver, safe=_is_safe(node)))


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
        safe, node = _is_safe(node), use.receiver
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
    return (yield from _continued(frame, select, steps))


def _continued(frame: Frame, select: Select, steps: list[tuple[ast.Expr, RecordCall]]) -> Selecting:
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
    return (yield from _continued(frame, select, steps))


def _fails(guards: tuple[str, ...]) -> str:
    if len(guards) == 1 and guards[0].endswith(" is not None"):
        return f"{guards[0].removesuffix(' is not None')} is None"
    return f"not ({' and '.join(guards)})"


def _is_safe(node: ast.Expr) -> bool:
    """Whether what a query's operation continues stands left of a `?.`."""
    callee = node.callee if isinstance(node, ast.Call) else node
    return isinstance(callee, ast.Member) and callee.safe


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
    given = [first, *others, *(each for each in (select.limit, select.offset) if each is not None)]
    settled: list[Code] = []
    inner: list[Line] = []
    for code in frame.in_order(given, ["value"] * len(given)):
        changes = code.effect > Effect.NONE and frame.locals.may_change
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
    count = len(select.values)
    bounds = iter(settled[max(count, 1) :])
    return [*lines, *inner], replace(
        select,
        values=tuple(settled[:count]),
        limit=next(bounds) if select.limit is not None else None,
        offset=next(bounds) if select.offset is not None else None,
        guards=guards,
        before=(),
    )


def _step(frame: Frame, select: Select, call: RecordCall) -> Selecting:
    match call.operation:
        case "where":
            return (yield from _narrowed(frame, select, call.arguments))
        case "order_by":
            orders = [_order(select, argument.value) for argument in call.arguments]
            return replace(select, order=tuple(part for order in orders for part in order))
        case "limit" | "offset":
            return (yield from _bounded(select, call.operation, call.arguments[0].value))
        case "all" | "query":
            return select
    return (yield from _scope(frame, select, call))


def _bounded(select: Select, name: str, node: ast.Expr) -> Selecting:
    bound = yield Operand(node)
    if name == "limit":
        return replace(select, limit=bound)
    return replace(select, offset=bound)


def _order(select: Select, node: ast.Expr) -> list[str]:
    parts = [part.split() for part in _name(node).split(",")]
    return [
        " ".join([select.column(column_of(select.resource, name).name), *map(str.upper, rest)])
        for name, *rest in parts
    ]


def _narrowed(frame: Frame, select: Select, given: tuple[ast.Argument, ...]) -> Selecting:
    texts: list[str] = []
    values: list[Code] = []
    for argument in given:
        if argument.name is not None:
            pairs = [(argument.name.text, argument.value)]
        elif isinstance(argument.value, ast.HashLiteral):
            pairs = [(_name(entry.key), entry.value) for entry in argument.value.entries]
        else:
            text, found = yield from condition(frame, select, argument.value)
            texts.append(text)
            values += found
            continue
        for name, node in pairs:
            text, found = yield from equal_to(frame, select, name, node)
            texts.append(text)
            values += found
    all_values = frame.in_order([*select.values, *values])
    return replace(select, where=(*select.where, *texts), values=tuple(all_values))


def _scope(frame: Frame, select: Select, call: RecordCall) -> Selecting:
    scope = select.resource.scopes[call.operation]
    given = {a.name.text: a.value for a in call.arguments if a.name is not None}
    positional = [a.value for a in call.arguments if a.name is None]
    for parameter in scope.parameters:
        node = (
            positional.pop(0) if positional else given.get(parameter.name.text, parameter.default)
        )
        local = frame.module.facts.declared.get(parameter.name)
        if node is not None and local is not None:
            value = yield Operand(node)
            frame.bound[local] = (
                value if value.repeatable or value.is_constant else frame.spill(value, local.python)
            )
    for pair in scope.pairs:
        match pair.key.text:
            case "where" if isinstance(pair.value, ast.HashLiteral):
                argument = ast.Argument(pair.value.span, None, pair.value)
                select = yield from _narrowed(frame, select, (argument,))
            case "order_by":
                select = replace(select, order=tuple(_order(select, pair.value)))
            case "limit" | "offset" as name:
                select = yield from _bounded(select, name, pair.value)
    return select


def _name(node: ast.Expr) -> str:
    """A field, named by a symbol or a constant string."""
    if isinstance(node, ast.Symbol):
        return node.name
    return (node.value or "") if isinstance(node, ast.String) else ""


# Writes


def _values(
    frame: Frame, resource: ResourceInfo, node: ast.Expr
) -> Generator[Operand, Code, tuple[list[str], list[Code]]]:
    """The columns that a hash gives, and their values."""
    names, codes = [], []
    assert isinstance(node, ast.HashLiteral)
    for entry in node.entries:
        column = column_of(resource, _name(entry.key))
        code = yield Operand(entry.value, expected=column.type)
        kind = required(type_of(frame, entry.value))
        if isinstance(kind, Record) and not isinstance(required(column.type), Record):
            target = frame.module.program.resources[kind.resource]
            key = target.columns[target.primary_key or "id"].python
            code = made_of(f"{code.at(Strength.PRIMARY)}.{key}", Strength.PRIMARY, [code])
        names.append(column.python)
        codes.append(code)
    return names, frame.in_order(codes, names)


def _create(frame: Frame, resource: ResourceInfo, call: RecordCall) -> Lowering:
    names, codes = yield from _values(frame, resource, call.arguments[0].value)
    given = "".join(f", {name}={code.text}" for name, code in zip(names, codes, strict=True))
    return operation(frame, f"create({frame.module.record_class(resource.name)}{given})", codes)


def _bulk_create(frame: Frame, resource: ResourceInfo, call: RecordCall) -> Lowering:
    node = call.arguments[0].value
    record = frame.module.record_class(resource.name)
    if not isinstance(node, ast.ArrayLiteral):
        code = yield Operand(node)
        return operation(frame, f"create_many({record}, {code.text})", [code])
    rows, parts = [], []
    for item in node.items:
        names, codes = yield from _values(frame, resource, item)
        pairs = [f"{literals.string(n)}: {c.text}" for n, c in zip(names, codes, strict=True)]
        rows.append(f"{{{', '.join(pairs)}}}")
        parts += codes
    return operation(frame, f"create_many({record}, [{', '.join(rows)}])", parts)


def _update(frame: Frame, resource: ResourceInfo, call: RecordCall) -> Lowering:
    key = yield Operand(call.arguments[0].value)
    names, codes = yield from _values(frame, resource, call.arguments[1].value)
    key, *codes = frame.in_order([key, *codes])
    given = "".join(f", {name}={code.text}" for name, code in zip(names, codes, strict=True))
    record = frame.module.record_class(resource.name)
    return operation(frame, f"update({record}, {key.text}{given})", [key, *codes])


def _delete(frame: Frame, resource: ResourceInfo, call: RecordCall) -> Lowering:
    key = yield Operand(call.arguments[0].value)
    record = frame.module.record_class(resource.name)
    return operation(frame, f"delete({record}, {key.text})", [key])


def _count(frame: Frame, resource: ResourceInfo, call: RecordCall) -> Lowering:
    nodes = [argument.value for argument in call.arguments if argument.name is None]
    named = [argument.value for argument in call.arguments if argument.name is not None]
    key = yield Operand(nodes[0])
    column = column_of(resource, _name(nodes[1]))
    by = (yield Operand(named[0])) if named else Code("1")
    key, by = frame.in_order([key, by])
    if call.operation == "decrement!":
        by = made_of(f"-{by.at(Strength.SIGN)}", Strength.SIGN, [by])
    tail = "" if by.text == "1" else f", by={by.text}"
    record = frame.module.record_class(resource.name)
    text = f"increment({record}, {key.text}, {literals.string(column.name)}{tail})"
    return operation(frame, text, [key, by])


_WRITES: dict[str, Callable[[Frame, ResourceInfo, RecordCall], Lowering]] = {
    "create!": _create,
    "bulk_create!": _bulk_create,
    "update!": _update,
    "delete!": _delete,
    "increment!": _count,
    "decrement!": _count,
}
