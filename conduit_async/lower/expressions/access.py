"""`self`, names, `.name`, `[i]` and `!`."""

from dataclasses import replace

from ... import ast
from ...analyses.walk import is_safe, key_path
from ...names import service_name
from ...program import Extern, KeyAccess, LibraryCall, Local, RecordColumn, SelfColumn, StructField
from ...python import literals
from ...python.code import Code, Effect, NotNil, Precedence, call, close, combine
from ...types import ERROR, Hash, Query, is_nullable, required
from ..functions.context import context_value
from ..functions.function_builder import FunctionBuilder
from ..python.typing import DYNAMIC, as_any, is_dynamic, joins, type_of, typed_empty, unchecked
from ..sql.composed import rows_of
from ..sql.relations import fetch
from . import chains
from .calls import resolved
from .dispatch import Lowering, Operand, rule
from .entries import entry


@rule(ast.SelfRef)
def self_ref(fn: FunctionBuilder, node: ast.SelfRef, operand: Operand) -> Lowering:
    """Lower `self` as a whole: the row, or a copy of it if its fields may be assigned later."""
    if fn.record is not None and fn.locals.assigns_fields and operand.record == "row":
        return call(fn.use("dataclasses", "replace"), [Code(fn.record)], Effect.READS)
    if fn.record is not None:
        return Code(fn.record, effect=Effect.READS)
    snapshot = fn.captured.get("snapshot", ())
    assert snapshot is not None
    return snapshot
    yield


@rule(ast.NameRef)
def name_ref(fn: FunctionBuilder, node: ast.NameRef, operand: Operand) -> Lowering:
    """Lower a local: a variable, or a captured value."""
    local = fn.resolved(node)
    if isinstance(local, Extern):
        name = literals.quoted(service_name(local.service))
        parts = [Code(fn.services(local.service)), Code(name)]
        return fn.operator("bound_value", parts, Effect.READS | Effect.FAILS)
    if not isinstance(local, Local):
        return (yield from resolved(fn, node, operand))
    if local in fn.bound:
        return fn.bound[local]
    if local in fn.queries and isinstance(required(local.type), Query):
        return close(fetch(fn, fn.queries[local]))
    if local in fn.locals.composed:
        query = Code(fn.names.local(local), effect=Effect.READS)
        guards = (NotNil(query.text),) if is_nullable(local.type) else ()
        return close(rows_of(fn, replace(query, guards=guards), local.type))
    if not fn.is_captured(local):
        effect = Effect.READS if local in fn.locals.assigned else Effect.NONE
        return Code(fn.names.local(local), effect=effect)
    if required(local.type) == ERROR:
        codes = [fn.captured_part(local, name, kind="error") for name in ("message", "type")]
        return call(fn.module.imports.runtime("ErrorValue"), [*filter(None, codes)])
    captured = fn.captured.get("local", (local.name,), local)
    assert captured is not None
    return captured


@rule(ast.Member)
def member(fn: FunctionBuilder, node: ast.Member, operand: Operand) -> Lowering:
    """`target.name`, `target?.name`."""
    captured = _captured_path(fn, node)
    if captured is not None:
        ends = operand.chain and is_safe(node) and not is_nullable(type_of(fn, node))
        return replace(captured, guards=(NotNil(captured.text),) if ends else ())
    if isinstance(fn.resolved(node), KeyAccess):
        return (yield from _key(fn, node))
    return (yield from resolved(fn, node, operand))


def _captured_path(fn: FunctionBuilder, node: ast.Member) -> Code | None:
    """Return a path of `self` or of an outer local, if it was captured as one value."""
    if fn.record is not None and fn.job is None:
        return None
    path: list[str] = []
    current: ast.Expr = node
    while isinstance(current, ast.Member):
        use = fn.resolved(current)
        if isinstance(use, KeyAccess | LibraryCall):
            return _captured_keys(fn, node)
        if not isinstance(use, SelfColumn | StructField | RecordColumn):
            return None
        path.insert(0, use.column.name)
        current = current.target
        if isinstance(use, SelfColumn):
            return _self_path(fn, node, tuple(path))
        if isinstance(use, RecordColumn):
            return fn.captured_part(fn.resolved(current), *path)
    return None


def _captured_keys(fn: FunctionBuilder, node: ast.Member) -> Code | None:
    """Return keys of `Context` or of an untyped local, if they were captured as one value."""
    if not any(capture.kind in ("context", "local_path") for capture in fn.captured.captures):
        return None
    start, names = key_path(fn.module.facts, node)
    return fn.captured_part(fn.resolved(start), *names) or context_value(fn, node)


def _self_path(fn: FunctionBuilder, node: ast.Member, path: tuple[str, ...]) -> Code | None:
    capture = fn.captured.find("self_path", path)
    outer = any(fn.captured.find("self_path", path[:length]) for length in range(1, len(path)))
    certain = not is_nullable(type_of(fn, node))
    if capture is not None and not (outer and certain and is_nullable(capture.type)):
        return fn.captured.value(capture)
    # A longer path through a non-nil struct can be read from the captured part.
    return None if len(path) > 1 else fn.self_value(path)


def _key(fn: FunctionBuilder, node: ast.Member) -> Lowering:
    target = yield from chains.target(fn, node)
    key = Code(literals.string(node.name.text))
    if (certain := entry(fn, node, node.target, target, key)) is not None:
        code = certain
    elif isinstance(required(type_of(fn, node.target)), Hash):
        owner = target.at(Precedence.PRIMARY)
        code = combine(f"{owner}.get({key.text})", Precedence.PRIMARY, [target], Effect.READS)
        code = replace(code, got=f"{owner}, {key.text}")
    else:
        code = fn.operator("member", [target, key], Effect.READS | Effect.FAILS)
    return replace(code, guards=target.guards)


@rule(ast.Index)
def index(fn: FunctionBuilder, node: ast.Index, operand: Operand) -> Lowering:
    """`target[i]`, None past the end."""
    target = yield Operand(node.target, chain=True)
    if joins(node.target) and not target.guards:
        target = as_any(fn, node.target, target)
    position = yield Operand(node.index, lazy=bool(target.guards))
    guard, target = typed_empty(fn, target).split()
    target, position = fn.in_order([target, position])
    kinds = type_of(fn, node.target), type_of(fn, node.index)
    effect = Effect.READS | (Effect.FAILS if any(map(is_dynamic, kinds)) else Effect.NONE)
    if (certain := entry(fn, node, node.target, target, position)) is not None:
        code = certain
    elif isinstance(required(kinds[0]), Hash):
        text = f"{target.at(Precedence.PRIMARY)}.get({position.text})"
        code = combine(text, Precedence.PRIMARY, [target, position], effect)
    else:
        code = fn.operator("item", [target, position], effect)
    return chains.guarded(fn, node, guard, code)


@rule(ast.Unwrap)
def unwrap(fn: FunctionBuilder, node: ast.Unwrap, operand: Operand) -> Lowering:
    """`e!`, an error if `e` is nil."""
    target = yield Operand(node.operand, composed=operand.composed)
    kind = type_of(fn, node.operand)
    is_known = not is_nullable(kind) and kind not in DYNAMIC
    if is_known or isinstance(node.operand, ast.Unwrap):
        return target
    target = as_any(fn, node.operand, target)
    target = unchecked(fn, target) if target.is_loose else target
    return fn.unwrap(target, node.operand, Effect.FAILS)
