"""The values that a payload takes along, at the place of the enqueue."""

from collections.abc import Iterable

from ...program import Capture, Column, Local
from ...types import Record, is_nullable, required
from ..expressions.changes import changed, previous
from ..expressions.snapshots import snapshot_of
from ..python import literals
from ..python.code import Code, Effect, Strength, close, made_of
from ..sql.composed import rows_of
from .context import request_value
from .function_builder import Frame


def value_of(frame: Frame, capture: Capture) -> Code:
    """A captured value where the job is enqueued, or where a function of `self` is called."""
    own = frame.capture(capture.kind, capture.path, capture.local)
    if own is not None:
        return frame.captured(own)
    match capture.kind:
        case "self_path" if frame.record is not None:
            code = attributes(frame.record, frame.columns(capture.path))
            return _certain(frame, capture, code) if frame.locals.shares_structs else code
        case "self_path":
            return _further_path(frame, capture)
        case "snapshot":
            return _snapshot(frame, capture)
        case "change":
            column = frame.resource.columns[capture.path[0]]
            return (changed if capture.path[1] == "changed" else previous)(frame, column)
        case "context":
            return request_value(frame, capture)
        case "local" | "local_path" | "error":
            return _local(frame, capture)
    raise LookupError(f"no value for {capture.name}")


def value_in(frame: Frame, capture: Capture, record: str, resource: str) -> Code:
    """What a function of another record reads of it; a row just loaded has not changed."""
    if capture.kind == "context":
        return value_of(frame, capture)
    if capture.kind == "change" and capture.path[1] == "changed":
        return Code("False")
    if capture.kind == "change":
        return attributes(record, frame.module.columns(resource, capture.path[:1]))
    if capture.kind == "snapshot":
        return Code(f"{frame.module.snapshot_class(resource)}.of({record})", Strength.PRIMARY)
    return attributes(record, frame.module.columns(resource, capture.path))


def _certain(frame: Frame, capture: Capture, code: Code) -> Code:
    """A field of a struct that is not nil, which type checkers forget when it is replaced."""
    *_, column = frame.columns(capture.path)
    if len(capture.path) == 1 or is_nullable(capture.type) or not is_nullable(column.type):
        return code
    what = literals.quoted(".".join(["self", *capture.path]))
    text = f"{frame.module.imports.operator('unwrap')}({code.text}, {what})"
    return made_of(text, Strength.PRIMARY, [code])


def _snapshot(frame: Frame, capture: Capture) -> Code:
    snapshot = frame.module.snapshot_class(frame.resource.name)
    return Code(f"{snapshot}.of({frame.record})", Strength.PRIMARY, effect=Effect.READS)


def attributes(root: str, columns: Iterable[Column], nullable: bool = False) -> Code:
    """A path of attributes; None as soon as a value on the way is None."""
    text, guards = root, []
    for column in columns:
        if nullable:
            guards.append(f"{text} is not None")
        text = f"{text}.{column.python}"
        nullable = is_nullable(column.type)
    return close(Code(text, Strength.PRIMARY, effect=Effect.READS, guards=tuple(guards)))


def _further_path(frame: Frame, capture: Capture) -> Code:
    """A part of what a job captured as a whole, or of its snapshot."""
    for length in range(len(capture.path) - 1, 0, -1):
        outer = frame.capture("self_path", capture.path[:length])
        if outer is not None:
            columns = list(frame.columns(capture.path))[length:]
            whole = frame.captured(outer).text
            code = attributes(whole, columns, is_nullable(outer.type))
            return _certain(frame, capture, code)
    return frame.self_value(capture.path)


def _local(frame: Frame, capture: Capture) -> Code:
    local = capture.local
    assert local is not None
    if frame.is_captured(local):
        return _further(frame, capture, local)
    name = frame.local(local)
    if local in frame.locals.composed:
        rows = rows_of(frame, Code(name), local.type)
        return snapshot_of(frame, required(local.type), rows)
    if capture.kind == "error":
        return Code(f"{name}.{capture.path[1]}", Strength.PRIMARY)
    if capture.kind == "local_path":
        return _part(frame, capture, local, Code(name))
    if local in frame.snapshots:
        return Code(name, effect=Effect.READS)
    kind = local.type if is_nullable(capture.type) else required(local.type)
    return snapshot_of(frame, kind, Code(name, effect=Effect.READS))


def _part(frame: Frame, capture: Capture, local: Local, whole: Code) -> Code:
    """What is read of a record, or of what nothing is known of."""
    record = required(local.type)
    if not isinstance(record, Record):
        return _keys(frame, whole, capture.path[1:])
    columns = frame.module.columns(record.resource, capture.path[1:])
    return attributes(whole.text, columns, is_nullable(local.type))


def _keys(frame: Frame, value: Code, path: tuple[str, ...]) -> Code:
    """`.name` of what nothing is known of, one after the other."""
    for name in path:
        text = f"{frame.module.imports.operator('member')}({value.text}, {literals.quoted(name)})"
        value = made_of(text, Strength.PRIMARY, [value], Effect.READS | Effect.FAILS)
    return value


def _further(frame: Frame, capture: Capture, local: Local) -> Code:
    """What a job hands on to one nested in it, although it uses another part of it itself."""
    whole = frame.capture("local", (local.name,), local)
    assert whole is not None
    value = frame.captured(whole)
    return _part(frame, capture, local, value) if capture.kind == "local_path" else value
