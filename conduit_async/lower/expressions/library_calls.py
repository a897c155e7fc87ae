"""Calls of the standard library."""

import keyword
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, repeat

from ... import ast
from ...library import ENDS
from ...program import LibraryCall, SelfColumn
from ...python import literals
from ...python.code import NO_GUARD, NONE, Code, Effect, Line, Precedence, combine, listed
from ...types import ANY, JSON, Type
from ..functions.context import context_value
from ..functions.function_builder import FunctionBuilder
from ..python.order import in_positions, source_order
from ..python.typing import DYNAMIC, as_any, is_dynamic, type_of, typed_empty, unchecked
from . import chains
from .dispatch import Lowering, Operand
from .entries import entry
from .lambdas import comprehension
from .snapshots import RecordForm

PURE_NAMESPACES = frozenset({"String", "Text", "Number", "Array", "Hash", "HTML", "Regex"})
"""Namespaces whose functions return the same value at any time."""

_OUTSIDE = frozenset({"JSON", "Logger", "Cache"})
"""Namespaces whose functions write values, so that records are passed as snapshots."""


def library_call(fn: FunctionBuilder, node: ast.Expr, call: LibraryCall) -> Lowering:
    """`Namespace.function(…)`: required parameters by position, others by name."""
    signature = call.signature
    if signature.namespace == "Context":
        return context_value(fn, node) or NONE
    if signature.namespace == "Job":
        return (yield from _pause(fn, node, call))
    loop, source = yield from comprehension(fn, node, call)
    if loop is not None:
        return loop
    parts: list[Code] = []
    guard = NO_GUARD
    definitions: tuple[Line, ...] = ()
    callee = node.callee if isinstance(node, ast.Call) else node
    receiver = callee if isinstance(callee, ast.Member) else None
    place: RecordForm = "snapshot" if signature.namespace in _OUTSIDE else "row"
    given = list(_arguments(call))
    order = source_order([each.node for each in given])
    for each in [given[index] for index in order]:
        is_receiver = receiver is not None and each.node is receiver.target
        if source is not None and each is given[0]:
            code = source
        elif receiver is not None and is_receiver:
            code = yield from chains.target(fn, receiver, place)
        else:
            record = "snapshot" if each.is_extra else place
            code = yield Operand(each.node, lazy=bool(guard.conditions), record=record)
        if is_receiver:
            guard, code = code.split()
        if isinstance(each.node, ast.Lambda):
            # A definition evaluates nothing, so it may precede earlier operands.
            definitions += code.before
            code = replace(code, before=())
        parts.append(code if each.is_extra else _unknown(fn, each, code))
    parts = fn.in_order(parts, [given[index].node for index in order], order)
    parts = [typed_empty(fn, part) for part in parts]
    texts = [each.text(part) for each, part in zip(given, in_positions(parts, order), strict=True)]
    if signature.namespace:
        name = f"{fn.module.imports.namespace(signature.namespace)}.{signature.python}"
    else:
        name = fn.module.imports.operator(signature.python)
    text = f"{name}({listed(texts, parts)})"
    made = combine(text, Precedence.PRIMARY, parts, _effect(fn, call))
    if (position := ENDS.get(signature.call)) is not None and (items := call.arguments[0]):
        made = entry(fn, node, items, parts[0], Code(str(position))) or made
    made = replace(made, before=(*made.before, *definitions))
    return chains.guarded(fn, node, guard, made)


def _pause(fn: FunctionBuilder, node: ast.Expr, call: LibraryCall) -> Lowering:
    """`Job.sleep(…)`, `Job.wait(…)`: a method of the job's context, which knows the step's name."""
    step, duration = fn.pause(node), call.arguments[-1]
    assert duration is not None
    code = _unknown(fn, _Argument(duration, None), (yield Operand(duration)))
    method = "sleeps" if step.pause == "sleep" else "waits_for"
    texts = [literals.string(step.name), code.text]
    return fn.through_handle(f"{fn.handle}.{method}({listed(texts, [code])})", [code])


@dataclass(frozen=True, slots=True)
class _Argument:
    """An argument of a Python call, by position or by `name`."""

    node: ast.Expr
    name: str | None
    is_extra: bool = False
    kind: Type = ANY

    def text(self, code: Code) -> str:
        """Return the argument in Python; a name that is a keyword is passed in a dict."""
        if self.name is None:
            return code.text
        if keyword.iskeyword(self.name):
            return f"**{{{literals.quoted(self.name)}: {code.text}}}"
        return f"{self.name}={code.text}"


def _unknown(fn: FunctionBuilder, argument: _Argument, code: Code) -> Code:
    """Make an argument of unknown type `Any` for type checkers."""
    node = argument.node
    use = fn.resolved(node)
    column = use.column if isinstance(use, SelfColumn) and fn.job is not None else None
    may_be_none = column is not None and column.type == JSON and column.is_nullable
    if type_of(fn, node) in DYNAMIC and code.repeatable:
        may_be_none |= node.span.in_one_line in fn.locals.nil_tests
    if may_be_none and argument.kind != ANY:
        return unchecked(fn, code, always=True)  # to type checkers it is an `Any | None`
    return as_any(fn, node, code)


def _arguments(call: LibraryCall) -> Iterator[_Argument]:
    parameters = call.signature.parameters
    rest = repeat(parameters[-1]) if parameters and parameters[-1].rest else ()
    for parameter, node in zip(chain(parameters, rest), call.arguments, strict=False):
        if node is not None:
            positional = parameter.required or parameter.rest
            name = None if positional else parameter.name
            yield _Argument(node, name, kind=parameter.type)
    for extra in call.extra:
        yield _Argument(extra.value, extra.name.text if extra.name else None, is_extra=True)


def _effect(fn: FunctionBuilder, call: LibraryCall) -> Effect:
    """Return the effect of a function without the effects of its arguments."""
    signature = call.signature
    if signature.effect:
        return Effect.ACTS
    nodes = [node for node in call.arguments if node is not None]
    known = not any(is_dynamic(type_of(fn, node)) for node in nodes)
    fails = not signature.never_raises and not (signature.total and known)
    reads = signature.namespace not in PURE_NAMESPACES
    return (Effect.READS if reads else Effect.NONE) | (Effect.FAILS if fails else Effect.NONE)
