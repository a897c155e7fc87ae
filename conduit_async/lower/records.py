"""Queries and record operations, compiled to parameterised SQL that stands in the module."""

from collections.abc import Callable, Generator
from dataclasses import replace

from .. import ast
from ..program import Local, RecordCall, RelationUse, ResourceInfo
from ..types import FLOAT, INT, Record, Type, required
from . import literals
from .code import Code, Strength, made_of
from .conditions import Selecting, column_of, condition, equal_to
from .drive import Lowering, Operand
from .frame import Frame
from .relations import arguments, fetch, operation, owner_key, related
from .sql import Select
from .typing import type_of

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
    if call.operation in AGGREGATES and call.arguments:
        return (yield from _aggregate(frame, node, resource, call))
    if call.operation in ("all", "first", "count", "exists?", "pluck", "find_by"):
        select = yield from selecting(frame, resource, call.receiver)
        return (yield from _run(frame, node, call, select))
    select = yield from select_of(frame, node)
    return fetch(frame, select)


def _run(frame: Frame, node: ast.Expr, call: RecordCall, select: Select) -> Lowering:
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


def _aggregate(frame: Frame, node: ast.Expr, resource: ResourceInfo, call: RecordCall) -> Lowering:
    select = yield from selecting(frame, resource, call.receiver)
    column = column_of(resource, _name(call.arguments[-1].value))
    name = call.operation
    kind = required(type_of(frame, node))
    text = f"{name}({select.column(column.name)})"
    if name == "sum":
        cast = "bigint" if kind == INT else "float8" if kind == FLOAT else "numeric"
        return _scalar(frame, select, f"coalesce({text}, 0)::{cast}", _class_of(frame, kind))
    return _scalar(frame, select, text, _class_of(frame, kind), nil=True)


def selecting(frame: Frame, resource: ResourceInfo, receiver: ast.Expr | None) -> Selecting:
    """The query that an operation continues: none, another query, or a relation's rows."""
    if receiver is None:
        return Select(resource)
    return (yield from select_of(frame, receiver))


def select_of(frame: Frame, node: ast.Expr) -> Selecting:
    """The query that an expression stands for."""
    steps: list[RecordCall] = []
    facts = frame.module.facts
    use = facts.resolutions.get(node)
    while isinstance(use, RecordCall) and use.receiver is not None:
        steps.insert(0, use)
        node = use.receiver
        use = facts.resolutions.get(node)
    if isinstance(use, RecordCall):
        steps.insert(0, use)
        select = Select(frame.module.program.resources[use.resource])
    elif isinstance(use, RelationUse):
        key = yield from owner_key(frame, node, use)
        select = related(frame, use.relation, key)
    elif isinstance(use, Local) and use in frame.queries:
        select = frame.queries[use]
    else:
        raise LookupError(f"{node!r} is no query")
    for step in steps:
        select = yield from _step(frame, select, step)
    return select


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
