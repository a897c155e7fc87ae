"""Operations of queries on rows that are loaded already: `.count`, `.first`, `.pluck(:name)`."""

from dataclasses import replace

from ... import ast
from ...program import RecordCall
from ...python.code import Code, Effect, Line, Precedence, combine
from ..expressions import chains
from ..expressions.dispatch import Lowering, Operand
from ..functions.function_builder import FunctionBuilder
from .conditions import column_of


def of_rows(fn: FunctionBuilder, node: ast.Expr, call: RecordCall) -> Lowering:
    """An operation on an array of rows."""
    callee = node.callee if isinstance(node, ast.Call) else node
    before: tuple[Line, ...] = ()
    guards: tuple[str, ...] = ()
    if isinstance(callee, ast.Member) and callee.target is call.receiver:
        rows = yield from chains.target(fn, callee)
        before, guards = rows.before, rows.guards
        rows = replace(rows, before=(), guards=())
    else:
        assert call.receiver is not None
        rows = yield Operand(call.receiver)
    code = replace(_of_rows(fn, call, rows), guards=guards)
    return replace(code, before=(*before, *code.before))


def _of_rows(fn: FunctionBuilder, call: RecordCall, rows: Code) -> Code:
    builtin = fn.module.imports.use
    match call.operation:
        case "count":
            text = f"{builtin('builtins', 'len')}({rows.text})"
        case "exists?":
            text = f"{builtin('builtins', 'bool')}({rows.text})"
        case "first":
            text = f"{fn.module.imports.namespace('Array')}.first({rows.text})"
        case "pluck":
            return _pluck(fn, call, rows)
        case _:
            return rows
    return combine(text, Precedence.PRIMARY, [rows], Effect.READS)


def _pluck(fn: FunctionBuilder, call: RecordCall, rows: Code) -> Code:
    resource = fn.module.program.resources[call.resource]
    names = [
        column_of(resource, field.name if isinstance(field, ast.Symbol) else field.value or "")
        for argument in call.arguments
        if isinstance(field := argument.value, ast.Symbol | ast.String)
    ]
    rows, row = fn.iterable(rows), fn.fresh("row")
    values = ", ".join(f"{row}.{column.python}" for column in names)
    value = values if len(names) == 1 else f"[{values}]"
    text = f"[{value} for {row} in {rows.at(Precedence.OR)}]"
    return combine(text, Precedence.ATOM, [rows], Effect.READS)
