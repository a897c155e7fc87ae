"""Queries and record operations, compiled to parameterised SQL that stands in the module."""

from dataclasses import replace

from ... import ast
from ...analyses.queries import is_composed, is_query
from ...program import RecordCall
from ..expressions import chains
from ..expressions.dispatch import Lowering, Operand
from ..functions.function_builder import Frame
from ..python.code import Code
from .composed import run_composed
from .conditions import aggregate_of, class_of, column_of, name_of
from .relations import arguments, fetch, operation
from .rows_in_memory import of_rows
from .selects import lazily, narrowed, select_of, selecting
from .sql import Select
from .writes import WRITES

AGGREGATES = ("count", "sum", "avg", "min", "max")


def record_call(frame: Frame, node: ast.Expr, call: RecordCall) -> Lowering:
    """Any operation on rows; a query that nobody ran is run where its value is used."""
    resource = frame.module.program.resources[call.resource]
    if call.operation in WRITES:
        return (yield from WRITES[call.operation](frame, resource, call))
    if call.operation == "find":
        key = yield Operand(call.arguments[0].value)
        record = frame.module.record_class(resource.name)
        return operation(frame, f"find({record}, {key.text})", [key])
    facts = frame.module.facts
    if call.receiver is not None and not is_query(facts, call.receiver, frame.locals.queries):
        if is_composed(facts, call.receiver, frame.locals.known_queries):
            return (yield from run_composed(frame, node, call))
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
        select = yield from narrowed(frame, select, call.arguments)
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
    columns = [column_of(select.resource, name_of(argument.value)) for argument in call.arguments]
    pieces = select.statement(", ".join(select.column(c.name) for c in columns), ordered=True)
    if len(columns) > 1:
        text = arguments(frame, select, pieces, "-").removeprefix("-, ")
        return operation(frame, f"pluck_rows({text})", select.all_values)
    kind = class_of(frame, columns[0].type)
    return operation(frame, f"pluck({arguments(frame, select, pieces, kind)})", select.all_values)


def _scalar(frame: Frame, select: Select, what: str, kind: str, *, nil: bool = False) -> Code:
    pieces = select.statement(what)
    if select.is_cut:
        inner = select.statement("*", ordered=True)
        pieces = [f"SELECT {what}", f"FROM ({inner[0]}", *inner[1:-1], f"{inner[-1]}) AS part"]
    name = "scalar_or_none" if nil else "scalar"
    return operation(frame, f"{name}({arguments(frame, select, pieces, kind)})", select.all_values)


def _aggregate(frame: Frame, node: ast.Expr, call: RecordCall, select: Select) -> Code:
    column = column_of(select.resource, name_of(call.arguments[-1].value))
    text, kind, nil = aggregate_of(frame, node, call.operation, select.column(column.name))
    return _scalar(frame, select, text, kind, nil=nil)
