"""`self`, names, `.name`, `[i]` and `!`."""

from dataclasses import replace

from ... import ast
from ...program import (  # fmt: skip
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
from ...types import ErrorType, Hash, Query, is_nullable, required
from ..functions.context import context_value
from ..functions.function_builder import Frame
from ..python import literals
from ..python.code import Code, Effect, Strength, call, close, made_of
from ..python.typing import UNKNOWN, is_unknown, joins, known, type_of, untold
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
def self_ref(frame: Frame, node: ast.SelfRef, wish: Operand) -> Lowering:
    """`self` as a whole: the row, a copy where it may be assigned while that is kept."""
    if frame.record is not None and frame.locals.assigns_fields and wish.record == "row":
        copy = frame.module.imports.use("dataclasses", "replace")
        return Code(f"{copy}({frame.record})", Strength.PRIMARY, effect=Effect.READS)
    if frame.record is not None:
        return Code(frame.record, effect=Effect.READS)
    snapshot = frame.capture("snapshot", ())
    assert snapshot is not None
    return frame.captured(snapshot)
    yield


@rule(ast.NameRef)
def name_ref(frame: Frame, node: ast.NameRef, wish: Operand) -> Lowering:
    """A local: a variable, or a value that the job was given."""
    local = frame.module.facts.resolutions.get(node)
    if isinstance(local, FunctionCall | LibraryCall | RecordCall):
        return (yield from _by_resolution(frame, node, wish))
    if isinstance(local, Extern):
        name = literals.quoted(local.service.python)
        function = frame.module.imports.operator("bound_value")
        text = f"{function}({frame.services(local.service)}, {name})"
        return Code(text, Strength.PRIMARY, effect=Effect.READS | Effect.FAILS)
    assert isinstance(local, Local)
    return local_value(frame, local)


def local_value(frame: Frame, local: Local) -> Code:
    """What a local holds."""
    if local in frame.bound:
        return frame.bound[local]
    if local in frame.queries and isinstance(required(local.type), Query):
        select = frame.queries[local]
        return close(replace(fetch(frame, select), guards=select.guards))
    if local in frame.locals.composed:
        query = Code(frame.local(local), effect=Effect.READS)
        guards = (f"{query.text} is not None",) if is_nullable(local.type) else ()
        return close(rows_of(frame, replace(query, guards=guards), local.type))
    if not frame.is_captured(local):
        effect = Effect.READS if local in frame.locals.assigned else Effect.NONE
        return Code(frame.local(local), effect=effect)
    if isinstance(required(local.type), ErrorType):
        parts = [frame.capture("error", (local.name, part), local) for part in ("message", "type")]
        codes = [frame.captured(part) for part in parts if part is not None]
        return call(frame.module.imports.runtime("ErrorValue"), codes)
    capture = frame.capture("local", (local.name,), local)
    assert capture is not None
    return frame.captured(capture)


@rule(ast.Member)
def member(frame: Frame, node: ast.Member, wish: Operand) -> Lowering:
    """`target.name`, `target?.name`."""
    captured = _captured_path(frame, node)
    if captured is not None:
        ends = wish.chain and chains.is_safe(node) and not is_nullable(type_of(frame, node))
        return replace(captured, guards=(f"{captured.text} is not None",) if ends else ())
    return (yield from _by_resolution(frame, node, wish))


def _by_resolution(frame: Frame, node: ast.Member | ast.NameRef, wish: Operand) -> Lowering:
    match frame.module.facts.resolutions.get(node):
        case SelfColumn(column):
            return frame.self_value((column.name,))
        case RelationUse() as use:
            return (yield from relation(frame, node, use, wish))
        case ComputedUse(function):
            return (yield from function_call(frame, node, function, ()))
        case FunctionCall(function, arguments):
            return (yield from function_call(frame, node, function, arguments))
        case LibraryCall() as use_:
            return (yield from library_call(frame, node, use_))
        case ChangeCall() as tracked:
            return (yield from change(frame, tracked))
        case RecordCall() as query:
            return (yield from record_call(frame, node, query))
        case StructField(column) | RecordColumn(_, column):
            target = yield from chains.target(frame, _member(node))
            text = f"{target.at(Strength.PRIMARY)}.{column.python}"
            code = made_of(text, Strength.PRIMARY, [target], effect=Effect.READS)
            return replace(code, guards=target.guards)
        case ErrorField(name):
            return (yield from _error_field(frame, node, name))
        case KeyAccess(name):
            return (yield from _key(frame, node, name))
        case other:
            raise LookupError(f"{node!r} is resolved to {other!r}")


def _member(node: ast.Member | ast.NameRef) -> ast.Member:
    assert isinstance(node, ast.Member)
    return node


def _captured_path(frame: Frame, node: ast.Member) -> Code | None:
    """A path of `self` or of a local outside, where it was captured as one value."""
    if frame.record is not None and frame.job is None:
        return None
    resolutions = frame.module.facts.resolutions
    path: list[str] = []
    current: ast.Expr = node
    while isinstance(current, ast.Member):
        use = resolutions.get(current)
        if isinstance(use, KeyAccess | LibraryCall):
            return _captured_keys(frame, node)
        if not isinstance(use, SelfColumn | StructField | RecordColumn):
            return None
        path.insert(0, use.column.name)
        current = current.target
        if isinstance(use, SelfColumn):
            return _self_path(frame, node, tuple(path))
        if isinstance(use, RecordColumn):
            local = resolutions.get(current)
            if isinstance(local, Local) and frame.is_captured(local):
                capture = frame.capture("local_path", (local.name, *path), local)
                return None if capture is None else frame.captured(capture)
            return None
    return None


def _captured_keys(frame: Frame, node: ast.Member) -> Code | None:
    """Keys of `Context`, or of a local that nothing is known of, captured as one value."""
    if not any(capture.kind in ("context", "local_path") for capture in frame.captures):
        return None
    names: list[str] = []
    current: ast.Expr = node
    resolutions = frame.module.facts.resolutions
    while isinstance(current, ast.Member) and isinstance(resolutions.get(current), KeyAccess):
        names.insert(0, current.name.text)
        current = current.target
    local = resolutions.get(current)
    if isinstance(local, Local) and frame.is_captured(local):
        capture = frame.capture("local_path", (local.name, *names), local)
        return None if capture is None else frame.captured(capture)
    return context_value(frame, node)


def _self_path(frame: Frame, node: ast.Member, path: tuple[str, ...]) -> Code | None:
    capture = frame.capture("self_path", path)
    outer = any(frame.capture("self_path", path[:length]) for length in range(1, len(path)))
    certain = not is_nullable(type_of(frame, node))
    if capture is not None and not (outer and certain and is_nullable(capture.type)):
        return frame.captured(capture)
    # A longer path through a struct that is not nil can be read from the part that was captured.
    return None if len(path) > 1 else frame.self_value(path)


def _error_field(frame: Frame, node: ast.Member | ast.NameRef, name: str) -> Lowering:
    assert isinstance(node, ast.Member)
    local = frame.module.facts.resolutions.get(node.target)
    if isinstance(local, Local) and frame.is_captured(local):
        capture = frame.capture("error", (local.name, name), local)
        if capture is not None:
            return frame.captured(capture)
    target = yield Operand(node.target)
    return made_of(f"{target.at(Strength.PRIMARY)}.{name}", Strength.PRIMARY, [target])


def _key(frame: Frame, node: ast.Member | ast.NameRef, name: str) -> Lowering:
    node = _member(node)
    target = yield from chains.target(frame, node)
    key = literals.string(name)
    if (certain := entry(frame, node, node.target, target, Code(key))) is not None:
        return replace(certain, guards=target.guards)
    if isinstance(required(type_of(frame, node.target)), Hash):
        text, effect = f"{target.at(Strength.PRIMARY)}.get({key})", Effect.READS
    else:
        text = f"{frame.module.imports.operator('member')}({target.text}, {key})"
        effect = Effect.READS | Effect.FAILS
    code = made_of(text, Strength.PRIMARY, [target], effect)
    return replace(code, guards=target.guards)


@rule(ast.Index)
def index(frame: Frame, node: ast.Index, wish: Operand) -> Lowering:
    """`target[i]`, None past the end."""
    target = yield Operand(node.target, chain=True)
    if joins(node.target) and not target.guards:
        target = known(frame, node.target, target)
    position = yield Operand(node.index, lazy=bool(target.guards))
    guards = target.guards
    before, own = (target.before, ()) if guards else ((), target.before)
    target = literals.told(target, frame.module.imports)
    target, position = frame.in_order([replace(target, guards=(), before=own), position])
    kinds = type_of(frame, node.target), type_of(frame, node.index)
    effect = Effect.READS | (Effect.FAILS if any(map(is_unknown, kinds)) else Effect.NONE)
    if (certain := entry(frame, node, node.target, target, position)) is not None:
        code = certain
    elif isinstance(required(kinds[0]), Hash):
        text = f"{target.at(Strength.PRIMARY)}.get({position.text})"
        code = made_of(text, Strength.PRIMARY, [target, position], effect)
    else:
        code = call(frame.module.imports.operator("item"), [target, position], effect)
    return chains.guarded(frame, node, guards, before, code)


@rule(ast.Unwrap)
def unwrap(frame: Frame, node: ast.Unwrap, wish: Operand) -> Lowering:
    """`e!`, an error when it is nil."""
    target = yield Operand(node.operand, composed=wish.composed)
    kind = type_of(frame, node.operand)
    is_known = not is_nullable(kind) and kind not in UNKNOWN
    if is_known or isinstance(node.operand, ast.Unwrap):
        return target
    target = known(frame, node.operand, target)
    target = untold(frame, target) if literals.holds_empty(target.text) else target
    what = literals.string(" ".join(node.operand.span.text.split()))
    function = frame.module.imports.operator("unwrap")
    return made_of(f"{function}({target.text}, {what})", Strength.PRIMARY, [target], Effect.FAILS)
