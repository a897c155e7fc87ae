"""Assignments: to a local, to the record of a hook, to the row of a job."""

from collections.abc import Iterator
from dataclasses import replace

from ... import ast
from ...analyses.walk import walk
from ...program import (
    Capture,
    ChangeCall,
    FunctionCall,
    Local,
    RelationUse,
    SelfColumn,
    StructField,
)
from ...python.code import NONE, Code, Line, Precedence, assignment, close
from ...python.literals import string
from ...types import Enum, Query, Type, is_nullable, required
from ..expressions.dispatch import Operand, lower
from ..python.typing import holds_any, type_of
from ..sql.composed import bound_query
from ..sql.relations import fetch
from .blocks import rule, value
from .captures import attributes
from .destination import UNREAD, Destination
from .function_builder import FunctionBuilder


@rule(ast.Assign)
def assign(fn: FunctionBuilder, node: ast.Assign, dest: Destination) -> list[Line]:
    """`target = value`."""
    if isinstance(node.target, ast.NameRef):
        return _local(fn, node)
    path, kind = _path(fn, node.target)
    code = lower(fn, Operand(node.value, expected=kind))
    if fn.record is not None:
        fn.rows.forget()
        target, text = fn.self_value(path), code.text
        if len(path) > 1 and fn.locals.shares_structs:
            target = fn.self_value(path[:1])
            text = _replacing(fn, target, path[:1], path[1:], code)
        return [*code.before, Line(f"{target.text} = {text}")]
    return _write(fn, node, path, code)


def bind_reassigned_captures(fn: FunctionBuilder) -> None:
    """Create a variable at the start for captures that a branch assigns and later code reads."""
    assert fn.job is not None
    block = fn.job.body
    with fn.branch():
        for node in _field_assignments(block):
            for capture in _touched(fn, node) if node not in block.statements else ():
                if _is_read_later(fn, node, capture):
                    fn.reassign_capture(capture)


def assigns_fields(body: ast.Node) -> bool:
    """Whether code, without the jobs that it enqueues, assigns fields of the row."""
    return any(_field_assignments(body))


def assigned_captures(fn: FunctionBuilder, body: ast.Node) -> Iterator[str]:
    """Yield the variables that replace captured values which code assigns."""
    for each in _field_assignments(body) if fn.job is not None else ():
        for capture in _touched(fn, each):
            if capture in fn.captured.variables:
                yield fn.reassign_capture(capture)


def _field_assignments(body: ast.Node) -> Iterator[ast.Assign]:
    for node in walk(body, ast.Async):
        if isinstance(node, ast.Assign) and isinstance(node.target, ast.Member):
            yield node


def _touched(fn: FunctionBuilder, node: ast.Assign) -> list[Capture]:
    """Return the captures that an assignment changes, fully or in part."""
    path, _ = _path(fn, node.target)
    return [
        capture
        for capture in fn.captured.captures
        if capture.kind == "snapshot"
        or (
            capture.kind == "self_path"
            and all(own == each for own, each in zip(capture.path, path, strict=False))
        )
    ]


def _local(fn: FunctionBuilder, node: ast.Assign) -> list[Line]:
    local = fn.resolved(node.target)
    assert isinstance(local, Local)
    if local in fn.locals.queries:
        return bind_query(fn, local, node.value)
    if local not in fn.locals.read:
        return value(fn, node.value, UNREAD)
    dest = Destination("name", fn.names.local(local), expected=local.type, kept=True)
    if local in fn.locals.composed:
        dest = replace(dest, composed=True)
    elif isinstance(node.value, ast.ArrayLiteral | ast.HashLiteral):
        unchecked = holds_any(type_of(fn, node.value)) and not holds_any(local.type)
        dest = replace(dest, unchecked=unchecked)
    return value(fn, node.value, dest)


def bind_query(fn: FunctionBuilder, local: Local, node: ast.Expr) -> list[Line]:
    """Bind a query to a variable: it is written where it runs, but rows that are read load here."""
    lines, select = bound_query(fn, node)
    fn.queries[local] = select
    if isinstance(required(local.type), Query) or local not in fn.locals.read:
        return lines
    return [*lines, *Destination("name", fn.names.local(local)).put(close(fetch(fn, select)))]


def _path(fn: FunctionBuilder, target: ast.Expr) -> tuple[tuple[str, ...], Type | None]:
    path: list[str] = []
    kind: Type | None = None
    while isinstance(target, ast.Member):
        use = fn.resolved(target)
        assert isinstance(use, SelfColumn | StructField)
        path.insert(0, use.column.name)
        kind = kind or use.column.type
        target = target.target
    return tuple(path), kind


def _write(fn: FunctionBuilder, node: ast.Assign, path: tuple[str, ...], code: Code) -> list[Line]:
    """Write the column at once; a variable replaces what the job captured of the column."""
    touched = [capture for capture in _touched(fn, node) if _is_read_later(fn, node, capture)]
    lines = list(code.before)
    same = next((c for c in touched if c.kind == "self_path" and c.path == path), None)
    if same is not None:
        first = same not in fn.captured.variables
        name = fn.reassign_capture(same)
        if first and (_is_widened(fn, same) or code.is_loose):
            kind = fn.module.annotation(same.type)
            narrowed = is_nullable(same.type) and not is_nullable(type_of(fn, node.value))
            lines += Destination("name", name, kind, narrowed=narrowed).put(code)
        else:
            lines.append(assignment(name, code.text))
        code = Code(name)
        touched.remove(same)
    elif touched and not (code.repeatable or code.is_constant):
        code = fn.hoist(replace(code, before=()), node.target)
        lines += code.before
    lines.append(_update(fn, path, code))
    for capture in touched:
        lines += _reassigned(fn, capture, path, code, type_of(fn, node.value))
    fn.rows.forget()
    return lines


def _is_read_later(fn: FunctionBuilder, node: ast.Assign, capture: Capture) -> bool:
    """Whether code after an assignment, or in the next turn of its loop, reads a capture."""
    assert fn.job is not None
    nodes = list(walk(fn.job.body))
    owners = {each.target for each in nodes if isinstance(each, ast.Member)}
    behind = nodes.index(node) + len(list(walk(node)))
    loops = (each for each in nodes if isinstance(each, ast.For | ast.Lambda))
    return any(node in walk(each) for each in loops) or any(
        not (isinstance(each, ast.SelfRef) and each in owners) and _reads(fn, each, capture)
        for each in nodes[behind:]
    )


def _reads(fn: FunctionBuilder, node: ast.Node, capture: Capture) -> bool:
    use = fn.resolved(node)
    if isinstance(node, ast.Async):
        captures = fn.module.facts.jobs[node].captures
        return any(c.kind == capture.kind and c.path == capture.path for c in captures)
    if isinstance(use, FunctionCall):
        return any(c.kind == capture.kind and c.path == capture.path for c in use.function.reads)
    if capture.kind == "snapshot":
        return isinstance(node, ast.SelfRef)
    if isinstance(use, RelationUse):
        return capture.path == (use.relation.key,)
    if isinstance(use, ChangeCall):
        return use.kind == "changed_to" and use.column.name == capture.path[0]
    return isinstance(use, SelfColumn) and use.column.name == capture.path[0]


def _update(fn: FunctionBuilder, path: tuple[str, ...], code: Code) -> Line:
    resource = fn.resource
    key = fn.self_value((resource.primary_key or "id",))
    record = fn.module.record_class(resource.name)
    if len(path) == 1:
        column, *_ = fn.columns(path)
        text = f"update({record}, {key.text}, {column.python}={code.text})"
    else:
        text = f"update_path({record}, {key.text}, {string('.'.join(path))}, {code.text})"
    return Line(fn.through_handle(f"{fn.handle}.{text}", []).text)


def _is_widened(fn: FunctionBuilder, capture: Capture) -> bool:
    """Whether the first value of a variable may have a narrower type than the variable."""
    assert fn.job is not None
    body = fn.job.body
    writes = [n for n in _field_assignments(body) if _path(fn, n.target)[0] == capture.path]
    return isinstance(required(capture.type), Enum) or (
        len(writes) > 1 and is_nullable(capture.type)
    )


def _reassigned(
    fn: FunctionBuilder, capture: Capture, path: tuple[str, ...], code: Code, kind: Type
) -> list[Line]:
    """Apply an assignment to a captured value."""
    before = fn.captured.value(capture)
    own = path if capture.kind == "snapshot" else path[len(capture.path) :]
    if capture.kind == "self_path" and len(capture.path) >= len(path):
        steps = list(fn.columns(capture.path))[len(path) :]
        nullable = is_nullable(kind) or holds_any(kind)
        part = NONE if code == NONE else attributes(code.at(Precedence.PRIMARY), steps, nullable)
        text = part.text
    else:
        base = () if capture.kind == "snapshot" else capture.path
        text = _replacing(fn, before, base, own, code)
    first = capture not in fn.captured.variables
    name = fn.reassign_capture(capture)
    kind_ = fn.module.annotation(capture.type) if first and is_nullable(capture.type) else ""
    return [assignment(name, text, kind_)]


def _replacing(
    fn: FunctionBuilder, before: Code, base: tuple[str, ...], own: tuple[str, ...], code: Code
) -> str:
    """Build `replace(address, country=…)`, from the inside out."""
    replace_ = fn.use("dataclasses", "replace")
    columns = list(fn.columns((*base, *own)))[len(base) :]
    names = [column.python for column in columns]
    text = code.text
    for depth in reversed(range(len(names))):
        target = ".".join([before.text, *names[:depth]])
        if depth and is_nullable(columns[depth - 1].type):
            target = fn.unwrap(Code(target), ".".join(["self", *base, *own[:depth]])).text
        text = f"{replace_}({target}, {names[depth]}={text})"
    return text
