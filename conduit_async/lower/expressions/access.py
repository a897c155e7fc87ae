"""`self`, names, `.name`, `[i]` and `!`."""

from dataclasses import replace

from ... import ast
from ...program import (
    ChangeCall,
    ComputedUse,
    ErrorField,
    Extern,
    FunctionCall,
    KeyAccess,
    LibraryCall,
    Local,
    RecordCall,
    RecordColumn,
    RelationUse,
    SelfColumn,
    StructField,
)
from ...python import literals
from ...python.code import Code, Effect, Precedence, call, close, combine
from ...types import ErrorType, Hash, Query, is_nullable, required
from ..functions.context import context_value
from ..functions.function_builder import FunctionBuilder
from ..python.typing import DYNAMIC, as_any, is_dynamic, joins, type_of, unchecked
from ..sql.composed import rows_of
from ..sql.records import record_call
from ..sql.relations import fetch, relation
from . import chains
from .changes import change
from .dispatch import Lowering, Operand, rule
from .entries import entry
from .function_calls import function_call
from .library_calls import library_call


@rule(ast.SelfRef)
def self_ref(fn: FunctionBuilder, node: ast.SelfRef, operand: Operand) -> Lowering:
    """`self` as a whole: the row, a copy where it may be assigned while that is kept."""
    if fn.record is not None and fn.locals.assigns_fields and operand.record == "row":
        copy = fn.module.imports.use("dataclasses", "replace")
        return Code(f"{copy}({fn.record})", Precedence.PRIMARY, effect=Effect.READS)
    if fn.record is not None:
        return Code(fn.record, effect=Effect.READS)
    snapshot = fn.capture("snapshot", ())
    assert snapshot is not None
    return fn.captured(snapshot)
    yield


@rule(ast.NameRef)
def name_ref(fn: FunctionBuilder, node: ast.NameRef, operand: Operand) -> Lowering:
    """A local: a variable, or a value that the job was given."""
    local = fn.module.facts.resolutions.get(node)
    if isinstance(local, FunctionCall | LibraryCall | RecordCall):
        return (yield from _by_resolution(fn, node, operand))
    if isinstance(local, Extern):
        name = literals.quoted(local.service.python)
        function = fn.module.imports.operator("bound_value")
        text = f"{function}({fn.services(local.service)}, {name})"
        return Code(text, Precedence.PRIMARY, effect=Effect.READS | Effect.FAILS)
    assert isinstance(local, Local)
    return local_value(fn, local)


def local_value(fn: FunctionBuilder, local: Local) -> Code:
    """What a local holds."""
    if local in fn.bound:
        return fn.bound[local]
    if local in fn.queries and isinstance(required(local.type), Query):
        select = fn.queries[local]
        return close(replace(fetch(fn, select), guards=select.guards))
    if local in fn.locals.composed:
        query = Code(fn.local(local), effect=Effect.READS)
        guards = (f"{query.text} is not None",) if is_nullable(local.type) else ()
        return close(rows_of(fn, replace(query, guards=guards), local.type))
    if not fn.is_captured(local):
        effect = Effect.READS if local in fn.locals.assigned else Effect.NONE
        return Code(fn.local(local), effect=effect)
    if isinstance(required(local.type), ErrorType):
        parts = [fn.capture("error", (local.name, part), local) for part in ("message", "type")]
        codes = [fn.captured(part) for part in parts if part is not None]
        return call(fn.module.imports.runtime("ErrorValue"), codes)
    capture = fn.capture("local", (local.name,), local)
    assert capture is not None
    return fn.captured(capture)


@rule(ast.Member)
def member(fn: FunctionBuilder, node: ast.Member, operand: Operand) -> Lowering:
    """`target.name`, `target?.name`."""
    captured = _captured_path(fn, node)
    if captured is not None:
        ends = operand.chain and chains.is_safe(node) and not is_nullable(type_of(fn, node))
        return replace(captured, guards=(f"{captured.text} is not None",) if ends else ())
    return (yield from _by_resolution(fn, node, operand))


def _by_resolution(
    fn: FunctionBuilder, node: ast.Member | ast.NameRef, operand: Operand
) -> Lowering:
    match fn.module.facts.resolutions.get(node):
        case SelfColumn(column):
            return fn.self_value((column.name,))
        case RelationUse() as use:
            return (yield from relation(fn, node, use, operand))
        case ComputedUse(function):
            return (yield from function_call(fn, node, function, ()))
        case FunctionCall(function, arguments):
            return (yield from function_call(fn, node, function, arguments))
        case LibraryCall() as use_:
            return (yield from library_call(fn, node, use_))
        case ChangeCall() as tracked:
            return (yield from change(fn, tracked))
        case RecordCall() as query:
            return (yield from record_call(fn, node, query))
        case StructField(column) | RecordColumn(_, column):
            target = yield from chains.target(fn, _member(node))
            text = f"{target.at(Precedence.PRIMARY)}.{column.python}"
            code = combine(text, Precedence.PRIMARY, [target], effect=Effect.READS)
            return replace(code, guards=target.guards)
        case ErrorField(name):
            return (yield from _error_field(fn, node, name))
        case KeyAccess(name):
            return (yield from _key(fn, node, name))
        case other:
            raise LookupError(f"{node!r} is resolved to {other!r}")


def _member(node: ast.Member | ast.NameRef) -> ast.Member:
    assert isinstance(node, ast.Member)
    return node


def _captured_path(fn: FunctionBuilder, node: ast.Member) -> Code | None:
    """A path of `self` or of a local outside, where it was captured as one value."""
    if fn.record is not None and fn.job is None:
        return None
    resolutions = fn.module.facts.resolutions
    path: list[str] = []
    current: ast.Expr = node
    while isinstance(current, ast.Member):
        use = resolutions.get(current)
        if isinstance(use, KeyAccess | LibraryCall):
            return _captured_keys(fn, node)
        if not isinstance(use, SelfColumn | StructField | RecordColumn):
            return None
        path.insert(0, use.column.name)
        current = current.target
        if isinstance(use, SelfColumn):
            return _self_path(fn, node, tuple(path))
        if isinstance(use, RecordColumn):
            local = resolutions.get(current)
            if isinstance(local, Local) and fn.is_captured(local):
                capture = fn.capture("local_path", (local.name, *path), local)
                return None if capture is None else fn.captured(capture)
            return None
    return None


def _captured_keys(fn: FunctionBuilder, node: ast.Member) -> Code | None:
    """Keys of `Context`, or of a local that nothing is known of, captured as one value."""
    if not any(capture.kind in ("context", "local_path") for capture in fn.captures):
        return None
    names: list[str] = []
    current: ast.Expr = node
    resolutions = fn.module.facts.resolutions
    while isinstance(current, ast.Member) and isinstance(resolutions.get(current), KeyAccess):
        names.insert(0, current.name.text)
        current = current.target
    local = resolutions.get(current)
    if isinstance(local, Local) and fn.is_captured(local):
        capture = fn.capture("local_path", (local.name, *names), local)
        return None if capture is None else fn.captured(capture)
    return context_value(fn, node)


def _self_path(fn: FunctionBuilder, node: ast.Member, path: tuple[str, ...]) -> Code | None:
    capture = fn.capture("self_path", path)
    outer = any(fn.capture("self_path", path[:length]) for length in range(1, len(path)))
    certain = not is_nullable(type_of(fn, node))
    if capture is not None and not (outer and certain and is_nullable(capture.type)):
        return fn.captured(capture)
    # A longer path through a struct that is not nil can be read from the part that was captured.
    return None if len(path) > 1 else fn.self_value(path)


def _error_field(fn: FunctionBuilder, node: ast.Member | ast.NameRef, name: str) -> Lowering:
    assert isinstance(node, ast.Member)
    local = fn.module.facts.resolutions.get(node.target)
    if isinstance(local, Local) and fn.is_captured(local):
        capture = fn.capture("error", (local.name, name), local)
        if capture is not None:
            return fn.captured(capture)
    target = yield Operand(node.target)
    return combine(f"{target.at(Precedence.PRIMARY)}.{name}", Precedence.PRIMARY, [target])


def _key(fn: FunctionBuilder, node: ast.Member | ast.NameRef, name: str) -> Lowering:
    node = _member(node)
    target = yield from chains.target(fn, node)
    key = literals.string(name)
    if (certain := entry(fn, node, node.target, target, Code(key))) is not None:
        return replace(certain, guards=target.guards)
    if isinstance(required(type_of(fn, node.target)), Hash):
        text, effect = f"{target.at(Precedence.PRIMARY)}.get({key})", Effect.READS
    else:
        text = f"{fn.module.imports.operator('member')}({target.text}, {key})"
        effect = Effect.READS | Effect.FAILS
    code = combine(text, Precedence.PRIMARY, [target], effect)
    return replace(code, guards=target.guards)


@rule(ast.Index)
def index(fn: FunctionBuilder, node: ast.Index, operand: Operand) -> Lowering:
    """`target[i]`, None past the end."""
    target = yield Operand(node.target, chain=True)
    if joins(node.target) and not target.guards:
        target = as_any(fn, node.target, target)
    position = yield Operand(node.index, lazy=bool(target.guards))
    guards = target.guards
    before, own = (target.before, ()) if guards else ((), target.before)
    target = literals.typed_empty(target, fn.module.imports)
    target, position = fn.in_order([replace(target, guards=(), before=own), position])
    kinds = type_of(fn, node.target), type_of(fn, node.index)
    effect = Effect.READS | (Effect.FAILS if any(map(is_dynamic, kinds)) else Effect.NONE)
    if (certain := entry(fn, node, node.target, target, position)) is not None:
        code = certain
    elif isinstance(required(kinds[0]), Hash):
        text = f"{target.at(Precedence.PRIMARY)}.get({position.text})"
        code = combine(text, Precedence.PRIMARY, [target, position], effect)
    else:
        code = call(fn.module.imports.operator("item"), [target, position], effect)
    return chains.guarded(fn, node, guards, before, code)


@rule(ast.Unwrap)
def unwrap(fn: FunctionBuilder, node: ast.Unwrap, operand: Operand) -> Lowering:
    """`e!`, an error when it is nil."""
    target = yield Operand(node.operand, composed=operand.composed)
    kind = type_of(fn, node.operand)
    is_known = not is_nullable(kind) and kind not in DYNAMIC
    if is_known or isinstance(node.operand, ast.Unwrap):
        return target
    target = as_any(fn, node.operand, target)
    target = unchecked(fn, target) if literals.holds_empty(target.text) else target
    what = literals.string(" ".join(node.operand.span.text.split()))
    function = fn.module.imports.operator("unwrap")
    return combine(f"{function}({target.text}, {what})", Precedence.PRIMARY, [target], Effect.FAILS)
