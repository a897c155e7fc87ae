"""Resolved names, members and calls: columns, calls of services, functions, queries."""

from dataclasses import replace

from ... import ast
from ...names import CALL, argument_name, method_name, service_name
from ...program import (
    ChangeCall,
    ErrorField,
    FunctionCall,
    LambdaCall,
    LibraryCall,
    Local,
    RaiseCall,
    RecordCall,
    RecordColumn,
    RelationUse,
    SelfColumn,
    ServiceCall,
    StructField,
)
from ...python.code import Code, Effect, Form, Precedence, call, combine, listed
from ..functions.function_builder import FunctionBuilder
from ..functions.variables import joins_built
from ..python.typing import bare, unchecked
from ..sql.records import record_call
from ..sql.relations import relation
from . import chains
from .changes import change
from .dispatch import Lowering, Operand, rule
from .function_calls import function_call
from .library_calls import library_call


@rule(ast.Call)
def resolved(fn: FunctionBuilder, node: ast.Expr, operand: Operand) -> Lowering:
    """Lower a name, a member or a call, by its resolution."""
    match fn.resolved(node), node:
        case SelfColumn(column), _:
            return fn.self_value((column.name,))
        case RelationUse() as use, _:
            return (yield from relation(fn, node, use, operand))
        case FunctionCall(function, arguments), _:
            return (yield from function_call(fn, node, function, arguments))
        case LibraryCall() as library, _:
            return (yield from library_call(fn, node, library))
        case ChangeCall() as tracked, _:
            return (yield from change(fn, node, tracked))
        case RecordCall() as query, _:
            return (yield from record_call(fn, node, query))
        case ServiceCall() as service, _:
            return (yield from _service_call(fn, node, service))
        case ((StructField(column) | RecordColumn(_, column)), ast.Member()):
            return (yield from chains.target(fn, node)).attribute(column.python)
        case ErrorField(name), ast.Member(target=error):
            captured = fn.captured_part(fn.resolved(error), name, kind="error")
            return captured or (yield Operand(error)).attribute(name, Effect.NONE)
        case RaiseCall(message), _:
            code = yield Operand(message)
            text = f"{fn.module.imports.operator('fail')}({listed([code.text], [code])})"
            made = combine(text, Precedence.PRIMARY, [code], Effect.ACTS)
            return replace(made, form=Form.NEVER)
        case LambdaCall(local), ast.Call():
            parts = []
            for argument in node.arguments:
                parts.append((yield Operand(argument.value)))
            return call(fn.names.local(local), fn.in_order(parts), Effect.ACTS)
        case other:
            raise LookupError(f"{node!r} is resolved to {other[0]!r}")


def _service_call(fn: FunctionBuilder, node: ast.Expr, call: ServiceCall) -> Lowering:
    values = [*call.positional, *(value for _, value in call.named)]
    parts = []
    for value in values:
        code = yield Operand(value, record="snapshot")
        is_loose = _holds_nil(fn, value) or joins_built(fn, bare(value))
        parts.append(unchecked(fn, code) if is_loose else code)
    parts = fn.in_order(parts, values)
    if call.listed:
        parts = [
            Code(f"[{part.text} for job in jobs]") if value in call.listed else part
            for part, value in zip(parts, values, strict=True)
        ]
    count = len(call.positional)
    texts = [part.text for part in parts[:count]]
    names = [argument_name(name) for name, _ in call.named]
    texts += [f"{name}={part.text}" for name, part in zip(names, parts[count:], strict=True)]
    method = service_name(call.service)
    if call.method != CALL:
        method += f".{method_name(call.method)}"
    shape = ", ".join([*(["_"] * count), *(f"{name}=" for name in sorted(names))])
    fn.note_call(f"{method}({shape})", node)
    target = f"{fn.services(call.service)}.{method}"
    return fn.through_handle(f"{target}({listed(texts, parts)})", parts)


def _holds_nil(fn: FunctionBuilder, node: ast.Expr) -> bool:
    """Whether type checkers may see `list[None]`: a literal holds a local that was nil once."""
    items = node.items if isinstance(node, ast.ArrayLiteral) else ()
    locals_ = [local for item in items if isinstance(local := fn.resolved(item), Local)]
    return any(isinstance(each, ast.Nil) for x in locals_ for each in fn.module.facts.values_of(x))
