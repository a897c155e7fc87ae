"""Calls: of services, functions of the resource, and the standard library."""

from ... import ast
from ...names import argument_name
from ...program import (
    CALL,
    ChangeCall,
    FunctionCall,
    LambdaCall,
    LibraryCall,
    RaiseCall,
    RecordCall,
    ServiceCall,
)
from ...python.code import Effect, Precedence, combine, listed
from ..functions.function_builder import FunctionBuilder, variable_for
from ..sql.records import record_call
from .changes import change
from .dispatch import Lowering, Operand, rule
from .function_calls import function_call
from .library_calls import library_call


@rule(ast.Call)
def call_(fn: FunctionBuilder, node: ast.Call, operand: Operand) -> Lowering:
    """Any call, by what it turned out to be."""
    match fn.module.facts.resolutions.get(node):
        case ServiceCall() as service:
            return (yield from _service_call(fn, service))
        case LibraryCall() as library:
            return (yield from library_call(fn, node, library))
        case FunctionCall(function, arguments):
            return (yield from function_call(fn, node, function, arguments))
        case ChangeCall() as tracked:
            return (yield from change(fn, tracked))
        case RecordCall() as query:
            return (yield from record_call(fn, node, query))
        case RaiseCall(message):
            code = yield Operand(message)
            text = f"{fn.module.imports.operator('fail')}({listed([code.text], [code])})"
            return combine(text, Precedence.PRIMARY, [code], Effect.ACTS)
        case LambdaCall(local):
            arguments_ = []
            for argument in node.arguments:
                arguments_.append((yield Operand(argument.value)))
            arguments_ = fn.in_order(arguments_)
            text = f"{fn.local(local)}({', '.join(each.text for each in arguments_)})"
            return combine(text, Precedence.PRIMARY, arguments_, Effect.ACTS)
        case other:
            raise LookupError(f"{node!r} is resolved to {other!r}")


def _service_call(fn: FunctionBuilder, call: ServiceCall) -> Lowering:
    nodes = [*call.positional, *(value for _, value in call.named)]
    parts = []
    for node in nodes:
        parts.append((yield Operand(node, record="snapshot")))
    parts = fn.in_order(parts, [variable_for(node) for node in nodes])
    count = len(call.positional)
    texts = [part.text for part in parts[:count]]
    for (name, _), part in zip(call.named, parts[count:], strict=True):
        texts.append(f"{argument_name(name)}={part.text}")
    head = "await " if fn.awaits else ""
    target = f"{fn.services(call.service)}.{call.service.python}"
    if call.method.name != CALL:
        target += f".{call.method.python}"
    precedence = Precedence.AWAIT if fn.awaits else Precedence.PRIMARY
    return combine(f"{head}{target}({listed(texts, parts)})", precedence, parts, Effect.ACTS)
