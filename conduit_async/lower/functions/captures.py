"""`@async`: enqueues a job with the values that its payload captures."""

from collections.abc import Iterable
from dataclasses import replace

from ... import ast
from ...job_options import OPTIONS, Values
from ...program import Capture, Column, JobInfo, Local
from ...python import literals
from ...python.code import Code, Effect, Line, NotNil, Precedence, close, combine
from ...types import Record, is_nullable, required
from ..expressions.changes import changed, previous
from ..expressions.dispatch import lower
from ..expressions.snapshots import snapshot_of
from ..sql.composed import rows_of
from .blocks import rule
from .context import request_value
from .destination import Destination
from .function_builder import FunctionBuilder


@rule(ast.Async)
def enqueue(fn: FunctionBuilder, node: ast.Async, dest: Destination) -> list[Line]:
    """Enqueue one job, with its captured values and its options."""
    job = fn.module.facts.jobs[node]
    codes = [value_of(fn, capture) for capture in job.captures]
    options = _options(fn, job)
    hints = [*(capture.python for capture in job.captures), *options]
    codes = fn.in_order([*codes, *options.values()], hints)
    before = [line for code in codes for line in code.before]
    options = dict(zip(options, codes[len(job.captures) :], strict=True))
    given = [
        f"{capture.python}={code.text}" for capture, code in zip(job.captures, codes, strict=False)
    ]
    arguments = [job.python, f"{job.payload}({', '.join(given)})"]
    arguments += [f"{name}={code.text}" for name, code in options.items()]
    return [*before, Line(f"{fn.handle}.enqueue({', '.join(arguments)})")]


def _options(fn: FunctionBuilder, job: JobInfo) -> dict[str, Code]:
    """Return the options that are computed at the enqueue."""
    found: dict[str, Code] = {}
    for name, value in job.options.items():
        if OPTIONS[name].role != "enqueue":
            continue
        if not isinstance(OPTIONS[name].form, Values):
            if isinstance(value, int):
                found[name] = Code(str(value), Precedence.ATOM)
            elif isinstance(value, float):
                text = literals.seconds(fn.use("datetime", "timedelta"), value)
                found[name] = Code(text, Precedence.PRIMARY)
            else:
                found[name] = lower(fn, value)
        else:
            codes = fn.in_order([lower(fn, node) for node in value])
            text = ", ".join(code.at(Precedence.TERNARY) for code in codes)
            several = len(codes) > 1
            found[name] = combine(f"({text})", Precedence.ATOM, codes) if several else codes[0]
    return found


def value_of(fn: FunctionBuilder, capture: Capture) -> Code:
    """Return a captured value at the enqueue of a job, or at a call of a function of `self`."""
    if (own := fn.captured.get(capture.kind, capture.path, capture.local)) is not None:
        return own
    match capture.kind:
        case "self_path" if fn.record is not None:
            code = attributes(fn.record, fn.columns(capture.path))
            if fn.locals.shares_structs:
                return _without_nil(fn, capture, code)
            return code if is_nullable(capture.type) else fn.self_value(capture.path)
        case "self_path":
            return _further_path(fn, capture)
        case "snapshot":
            assert fn.record is not None
            return replace(_snapshot(fn, fn.record, fn.resource.name), effect=Effect.READS)
        case "change":
            column = fn.resource.columns[capture.path[0]]
            return (changed if capture.path[1] == "changed" else previous)(fn, column)
        case "context":
            return request_value(fn, capture)
        case "local" | "local_path" | "error":
            return _local(fn, capture)
    raise LookupError(f"no value for {capture.name}")


def value_in(fn: FunctionBuilder, capture: Capture, record: str, resource: str) -> Code:
    """Return what a function of another record reads; a row just loaded has no changes."""
    if capture.kind == "context":
        return value_of(fn, capture)
    if capture.kind == "change" and capture.path[1] == "changed":
        return Code("False")
    if capture.kind == "change":
        return attributes(record, fn.module.columns(resource, capture.path[:1]))
    if capture.kind == "snapshot":
        return _snapshot(fn, record, resource)
    return attributes(record, fn.module.columns(resource, capture.path))


def _without_nil(fn: FunctionBuilder, capture: Capture, code: Code) -> Code:
    """Unwrap a non-nil field of a struct; a replaced struct hides from type checkers that it is."""
    *_, column = fn.columns(capture.path)
    if len(capture.path) == 1 or is_nullable(capture.type) or not is_nullable(column.type):
        return code
    return fn.unwrap(code, ".".join(["self", *capture.path]))


def _snapshot(fn: FunctionBuilder, record: str, resource: str) -> Code:
    return Code(f"{fn.module.snapshot_class(resource)}.of({record})", Precedence.PRIMARY)


def attributes(root: str, columns: Iterable[Column], nullable: bool = False) -> Code:
    """Build a path of attributes; its value is None if a value on the path is None."""
    text, guards = root, []
    for column in columns:
        if nullable:
            guards.append(NotNil(text))
        text = f"{text}.{column.python}"
        nullable = is_nullable(column.type)
    return close(Code(text, Precedence.PRIMARY, effect=Effect.READS, guards=tuple(guards)))


def _further_path(fn: FunctionBuilder, capture: Capture) -> Code:
    """Return a part of a value that a job captured as a whole, or of its snapshot."""
    found = fn.captured.around(capture.path)
    if found is None or found[0].kind == "snapshot":
        return fn.self_value(capture.path)
    outer, length = found
    columns = list(fn.columns(capture.path))[length:]
    code = attributes(fn.captured.value(outer).text, columns, is_nullable(outer.type))
    return _without_nil(fn, capture, code)


def _local(fn: FunctionBuilder, capture: Capture) -> Code:
    local = capture.local
    assert local is not None
    if fn.is_captured(local):  # a job passes it on to a nested job
        whole = fn.captured.get("local", (local.name,), local)
        assert whole is not None
        return _part(fn, capture, local, whole) if capture.kind == "local_path" else whole
    name = fn.names.local(local)
    if local in fn.locals.composed:
        rows = rows_of(fn, Code(name), local.type)
        return snapshot_of(fn, required(local.type), rows)
    if capture.kind == "error":
        return Code(f"{name}.{capture.path[1]}", Precedence.PRIMARY)
    if capture.kind == "local_path":
        return _part(fn, capture, local, Code(name))
    if local in fn.snapshots:
        return Code(name, effect=Effect.READS)
    kind = local.type if is_nullable(capture.type) else required(local.type)
    return snapshot_of(fn, kind, Code(name, effect=Effect.READS))


def _part(fn: FunctionBuilder, capture: Capture, local: Local, whole: Code) -> Code:
    """Return the captured part of a record, or of an untyped value."""
    record = required(local.type)
    if not isinstance(record, Record):
        for name in capture.path[1:]:
            key = Code(literals.quoted(name))
            whole = fn.operator("member", [whole, key], Effect.READS | Effect.FAILS)
        return whole
    columns = fn.module.columns(record.resource, capture.path[1:])
    return attributes(whole.text, columns, is_nullable(local.type))
