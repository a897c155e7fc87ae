"""Calls: of services, functions of the resource, and the standard library."""

import keyword
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, repeat

from .. import ast
from ..program import (
    CALL,
    ChangeCall,
    FunctionCall,
    FunctionInfo,
    LambdaCall,
    LibraryCall,
    ParameterInfo,
    RaiseCall,
    RecordCall,
    ServiceCall,
)  # fmt: skip
from ..types import NIL, Record, is_nullable, required
from . import chains, literals
from .captures import value_in, value_of
from .changes import change
from .code import NONE, Code, Effect, Line, Strength, made_of
from .comprehensions import comprehension
from .context import context_value
from .drive import Lowering, Operand, rule
from .frame import Frame, variable_for
from .records import record_call
from .snapshots import RecordAs
from .typing import UNKNOWN, known, type_of

PURE_NAMESPACES = frozenset({"String", "Text", "Number", "Array", "Hash", "HTML", "Regex"})
"""Namespaces whose functions give the same value at any time."""

_OUTSIDE = frozenset({"JSON", "Logger", "Cache"})
"""Namespaces whose functions write values down, so that records go there as snapshots."""


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
        texts.append(f"{call.method.named[name].python}={part.text}")
    head = "await " if frame.awaits else ""
    target = f"{frame.services(call.service)}.{call.service.python}"
    if call.method.name != CALL:
        target += f".{call.method.python}"
    strength = Strength.AWAIT if frame.awaits else Strength.PRIMARY
    return made_of(f"{head}{target}({listed(texts, parts)})", strength, parts, Effect.ACTS)


def listed(texts: Sequence[str], parts: Sequence[Code]) -> str:
    """The arguments of a call; a lone text of several lines needs no parentheses of its own."""
    if len(parts) == 1 and parts[0].strength == Strength.ATOM and texts[0].startswith("("):
        return texts[0][1:-1]
    return ", ".join(texts)


def library_call(frame: Frame, node: ast.Expr, call: LibraryCall) -> Lowering:
    """`Namespace.function(…)`: required parameters by position, others by name."""
    signature = call.signature
    if signature.namespace == "Context":
        return context_value(frame, node) or NONE
    loop = yield from comprehension(frame, node, call)
    if loop is not NONE:
        return loop
    parts, hints, names = [], [], []
    guards: tuple[str, ...] = ()
    before: tuple[Line, ...] = ()
    definitions: tuple[Line, ...] = ()
    callee = node.callee if isinstance(node, ast.Call) else node
    receiver = callee if isinstance(callee, ast.Member) else None
    place: RecordAs = "snapshot" if signature.namespace in _OUTSIDE else "row"
    parameters = signature.parameters
    rest = repeat(parameters[-1]) if parameters and parameters[-1].rest else ()
    for parameter, argument in zip(chain(parameters, rest), call.arguments, strict=False):
        if argument is None:
            continue
        if receiver is not None and argument is receiver.target:
            code = yield from chains.target(frame, receiver, place)
            guards = code.guards
            before, own = (code.before, ()) if guards else ((), code.before)
            code = replace(code, guards=(), before=own)
            parts.append(known(frame, argument, code))
        else:
            code = yield Operand(argument, lazy=bool(guards), record=place)
            if isinstance(argument, ast.Lambda):
                # A definition runs nothing, so it may stand before what is evaluated earlier.
                definitions += code.before
                code = replace(code, before=())
            parts.append(known(frame, argument, code))
        hints.append(variable_for(argument))
        names.append(None if parameter.required or parameter.rest else parameter.name)
    for extra in call.extra:
        parts.append((yield Operand(extra.value, lazy=bool(guards), record="snapshot")))
        hints.append(variable_for(extra.value))
        names.append(extra.name.text if extra.name else None)
    parts = [literals.told(part, frame.module.imports) for part in frame.in_order(parts, hints)]
    texts = [
        part.text if name is None else _named(name, part)
        for name, part in zip(names, parts, strict=True)
    ]
    namespace = frame.module.imports.namespace(signature.namespace)
    pure = Effect.NONE if signature.namespace in PURE_NAMESPACES else Effect.READS
    text = f"{namespace}.{signature.python}({listed(texts, parts)})"
    made = made_of(text, Strength.PRIMARY, parts, Effect.ACTS if signature.effect else pure)
    made = replace(made, before=(*made.before, *definitions))
    return chains.guarded(frame, node, guards, before, made)


def _named(name: str, value: Code) -> str:
    """A named argument; a Python keyword is passed in a dict, so that it keeps its name."""
    if keyword.iskeyword(name):
        return f"**{{{literals.quoted(name)}: {value.text}}}"
    return f"{name}={value.text}"


def function_call(
    frame: Frame,
    node: ast.Expr,
    function: FunctionInfo,
    arguments: tuple[ast.Expr | None, ...],
) -> Lowering:
    """A `@function` or `@computed`: a module's function of what it reads and its arguments."""
    member = node.callee if isinstance(node, ast.Call) else node
    resource = frame.resource
    guards: tuple[str, ...] = ()
    before: tuple[Line, ...] = ()
    if isinstance(member, ast.Member) and not isinstance(member.target, ast.SelfRef):
        target = yield from chains.repeatable_target(frame, member)
        kind = required(type_of(frame, member.target))
        assert isinstance(kind, Record)
        resource, guards = frame.module.program.resources[kind.resource], target.guards
        given = [value_in(frame, c, target.text, resource.name) for c in function.reads]
        if given and not guards:
            given[0] = replace(given[0], before=target.before)
        else:
            before = target.before
    else:
        given = [value_of(frame, capture) for capture in function.reads]
    parts, hints = list(given), [capture.python for capture in function.reads]
    names: list[str | None] = [None] * len(given)
    named, constant = False, defaults(function)
    for parameter, argument in zip(function.parameters, arguments, strict=True):
        if argument is None and parameter in constant:
            named = True
            continue
        given_node = argument if argument is not None else parameter.default
        if argument is None and is_evaluated_inside(parameter):
            parts.append(Code("..." if takes_nil(parameter) else "None"))
            hints.append(parameter.python)
            names.append(parameter.python if named else None)
        elif given_node is not None:
            code = yield Operand(given_node, expected=parameter.type, lazy=bool(guards))
            is_literal = isinstance(given_node, ast.ArrayLiteral | ast.HashLiteral)
            code = code if is_literal else known(frame, given_node, code)
            parts.append(code)
            hints.append(variable_for(given_node))
            names.append(parameter.python if named else None)
    parts = frame.in_order(parts, hints)
    texts = [
        part.text if name is None else f"{name}={part.text}"
        for name, part in zip(names, parts, strict=True)
    ]
    variant = frame.module.variant(function, resource, frame.place)
    name = frame.module.variants[variant]
    if variant.place == "function":
        code = made_of(f"{name}({', '.join(texts)})", Strength.PRIMARY, parts, Effect.READS)
        return chains.guarded(frame, node, guards, before, code)
    head = "await " if frame.awaits else ""
    text = f"{head}{name}({', '.join([frame.handle, *texts])})"
    code = made_of(text, Strength.AWAIT if head else Strength.PRIMARY, parts, Effect.ACTS)
    if guards and function.result == NIL:
        return replace(NONE, before=(*before, *chains.under(guards, code)))
    return chains.guarded(frame, node, guards, before, code)


def defaults(function: FunctionInfo) -> list[ParameterInfo]:
    """The last parameters, which a Python call may all leave out."""
    found: list[ParameterInfo] = []
    for parameter in reversed(function.parameters):
        if not (is_evaluated_inside(parameter) or _is_constant(parameter.default)):
            break
        found.append(parameter)
    return found


def is_evaluated_inside(parameter: ParameterInfo) -> bool:
    """Whether a default is more than a constant, so that the function itself evaluates it."""
    return parameter.default is not None and not _is_constant(parameter.default)


def takes_nil(parameter: ParameterInfo) -> bool:
    """Whether an argument may be nil, so that nil does not say that it is left out."""
    return is_nullable(parameter.type) or parameter.type in UNKNOWN


def _is_constant(node: ast.Expr | None) -> bool:
    """Whether a default may stand in a Python signature."""
    simple = isinstance(node, ast.Nil | ast.Bool | ast.Int | ast.Float | ast.Symbol)
    return simple or (isinstance(node, ast.String) and node.value is not None)
