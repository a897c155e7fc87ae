"""Calls: of services, functions of the resource, and the standard library."""

from ... import ast
from ...names import argument_name
from ...program import (  # fmt: skip
    CALL,
    ChangeCall,
    FunctionCall,
    LambdaCall,
    LibraryCall,
    RaiseCall,
    RecordCall,
    ServiceCall,
)
from ..functions.function_builder import Frame, variable_for
from ..python.code import Effect, Strength, listed, made_of
from ..sql.records import record_call
from .changes import change
from .dispatch import Lowering, Operand, rule
from .function_calls import function_call
from .library_calls import library_call


@rule(ast.Call)
def call_(frame: Frame, node: ast.Call, wish: Operand) -> Lowering:
    """Any call, by what it turned out to be."""
    match frame.module.facts.resolutions.get(node):
        case ServiceCall() as service:
            return (yield from _service_call(frame, service))
        case LibraryCall() as library:
            return (yield from library_call(frame, node, library))
        case FunctionCall(function, arguments):
            return (yield from function_call(frame, node, function, arguments))
        case ChangeCall() as tracked:
            return (yield from change(frame, tracked))
        case RecordCall() as query:
            return (yield from record_call(frame, node, query))
        case RaiseCall(message):
            code = yield Operand(message)
            text = f"{frame.module.imports.operator('fail')}({listed([code.text], [code])})"
            return made_of(text, Strength.PRIMARY, [code], Effect.ACTS)
        case LambdaCall(local):
            arguments_ = []
            for argument in node.arguments:
                arguments_.append((yield Operand(argument.value)))
            arguments_ = frame.in_order(arguments_)
            text = f"{frame.local(local)}({', '.join(each.text for each in arguments_)})"
            return made_of(text, Strength.PRIMARY, arguments_, Effect.ACTS)
        case other:
            raise LookupError(f"{node!r} is resolved to {other!r}")


def _service_call(frame: Frame, call: ServiceCall) -> Lowering:
    nodes = [*call.positional, *(value for _, value in call.named)]
    parts = []
    for node in nodes:
        parts.append((yield Operand(node, record="snapshot")))
    parts = frame.in_order(parts, [variable_for(node) for node in nodes])
    count = len(call.positional)
    texts = [part.text for part in parts[:count]]
    for (name, _), part in zip(call.named, parts[count:], strict=True):
        texts.append(f"{argument_name(name)}={part.text}")
    head = "await " if frame.awaits else ""
    target = f"{frame.services(call.service)}.{call.service.python}"
    if call.method.name != CALL:
        target += f".{call.method.python}"
    strength = Strength.AWAIT if frame.awaits else Strength.PRIMARY
    return made_of(f"{head}{target}({listed(texts, parts)})", strength, parts, Effect.ACTS)
