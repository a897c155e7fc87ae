"""Assignments: to a local, to the record of a hook, to the row of a job."""

from collections.abc import Iterator
from dataclasses import replace

from ... import ast
from ...analyses.walk import walk
from ...program import (
    Capture,
    ComputedUse,
    FunctionCall,
    Local,
    RelationUse,
    SelfColumn,
    StructField,
)
from ...types import Enum, Query, Type, is_nullable, required
from ..expressions.dispatch import lower
from ..python.code import NONE, Code, Line, Strength, close
from ..python.literals import holds_empty, string
from ..python.typing import is_loose, type_of
from ..sql.bound import bound_query
from ..sql.relations import fetch
from .blocks import rule, value
from .captures import attributes
from .destination import UNREAD, Into
from .function_builder import Frame, variable_for


@rule(ast.Assign)
def assign(frame: Frame, node: ast.Assign, into: Into) -> list[Line]:
    """`target = value`."""
    if isinstance(node.target, ast.NameRef):
        return _local(frame, node)
    path, kind = _path(frame, node.target)
    code = lower(frame, node.value, expected=kind)
    if frame.record is not None:
        frame.forget_loaded()
        if len(path) > 1 and frame.locals.shares_structs:
            root = frame.self_value(path[:1])
            text = _replacing(frame, root, path[:1], path[1:], code)
            return [*code.before, Line(f"{root.text} = {text}")]
        target = frame.self_value(path).text
        return [*code.before, Line(f"{target} = {code.text}")]
    return _write(frame, node, path, code)


def prepare(frame: Frame) -> None:
    """Give what a branch assigns a variable from the start, since it may not be assigned."""
    assert frame.job is not None
    block = frame.job.block.body
    with frame.branch():
        for node in _assignments(block):
            if isinstance(node.target, ast.Member) and node not in block.statements:
                path, _ = _path(frame, node.target)
                for capture in frame.captures:
                    if _overlaps(capture, path) and _is_read_later(frame, node, capture):
                        frame.replace_capture(capture)


def assigns_fields(body: ast.Node) -> bool:
    """Whether code assigns fields of the row, less the jobs that it enqueues."""
    return any(isinstance(each.target, ast.Member) for each in _assignments(body))


def assigned_captures(frame: Frame, body: ast.Node) -> Iterator[str]:
    """The variables that stand for what a job has captured, where code assigns it."""
    for each in _assignments(body) if frame.job is not None else ():
        if isinstance(each.target, ast.Member):
            path, _ = _path(frame, each.target)
            for capture in frame.captures:
                if _overlaps(capture, path) and frame.is_replaced(capture):
                    yield frame.replace_capture(capture)


def _assignments(body: ast.Node) -> Iterator[ast.Assign]:
    for node in walk(body, into=lambda each: not isinstance(each, ast.Async)):
        if isinstance(node, ast.Assign):
            yield node


def _local(frame: Frame, node: ast.Assign) -> list[Line]:
    local = frame.module.facts.resolutions[node.target]
    assert isinstance(local, Local)
    if local in frame.locals.queries:
        return bind_query(frame, local, node.value)
    if local not in frame.locals.read:
        return value(frame, node.value, UNREAD)
    if local in frame.locals.composed:
        into = Into("name", frame.local(local), expected=local.type, kept=True, composed=True)
        return value(frame, node.value, into)
    literal = isinstance(node.value, ast.ArrayLiteral | ast.HashLiteral)
    untold = literal and is_loose(type_of(frame, node.value)) and not is_loose(local.type)
    into = Into("name", frame.local(local), expected=local.type, kept=True, untold=untold)
    return value(frame, node.value, into)


def bind_query(frame: Frame, local: Local, node: ast.Expr) -> list[Line]:
    """A query in a variable: it is written where it runs; rows that are read are loaded here."""
    lines, select = bound_query(frame, node)
    frame.queries[local] = select
    if isinstance(required(local.type), Query) or local not in frame.locals.read:
        return lines
    rows = close(replace(fetch(frame, select), guards=select.guards))
    return [*lines, *Into("name", frame.local(local)).put(rows)]


def _path(frame: Frame, target: ast.Expr) -> tuple[tuple[str, ...], Type | None]:
    path: list[str] = []
    kind: Type | None = None
    while isinstance(target, ast.Member):
        use = frame.module.facts.resolutions[target]
        assert isinstance(use, SelfColumn | StructField)
        path.insert(0, use.column.name)
        kind = kind or use.column.type
        target = target.target
    return tuple(path), kind


def _write(frame: Frame, node: ast.Assign, path: tuple[str, ...], code: Code) -> list[Line]:
    """A job writes the column at once; what it captured of it is replaced by a variable."""
    touched = [c for c in frame.captures if _overlaps(c, path) and _is_read_later(frame, node, c)]
    lines = list(code.before)
    same = next((c for c in touched if c.kind == "self_path" and c.path == path), None)
    if same is not None:
        first = not frame.is_replaced(same)
        name = frame.replace_capture(same)
        if first and (_is_widened(frame, same) or holds_empty(code.text)):
            kind = frame.module.annotation(same.type)
            narrowed = is_nullable(same.type) and not is_nullable(type_of(frame, node.value))
            lines += Into("name", name, kind, narrowed=narrowed).put(code)
        else:
            lines.append(Line(f"{name} = {code.text}"))
        code = Code(name)
        touched.remove(same)
    elif touched and not (code.repeatable or code.is_constant):
        code = frame.spill(replace(code, before=()), variable_for(node.target))
        lines += code.before
    lines.append(_update(frame, path, code))
    for capture in touched:
        lines += _replaced(frame, capture, path, code, type_of(frame, node.value))
    frame.forget_loaded()
    return lines


def _is_read_later(frame: Frame, node: ast.Assign, capture: Capture) -> bool:
    """Whether anything after an assignment, or in the next turn of its loop, reads a capture."""
    assert frame.job is not None
    nodes = list(walk(frame.job.block.body))
    owners = {each.target for each in nodes if isinstance(each, ast.Member)}
    for each in nodes:
        if isinstance(each, ast.SelfRef) and each in owners:
            continue
        inside = each if isinstance(each, ast.For | ast.Lambda) and _holds(each, node) else None
        if inside is None and each.span.start < node.span.end:
            continue
        if inside is not None or _reads(frame, each, capture):
            return True
    return False


def _holds(outer: ast.Node, inner: ast.Node) -> bool:
    return outer.span.start <= inner.span.start and inner.span.end <= outer.span.end


def _reads(frame: Frame, node: ast.Node, capture: Capture) -> bool:
    facts = frame.module.facts
    use = facts.resolutions.get(node)
    if isinstance(node, ast.Async):
        return any(
            c.kind == capture.kind and c.path == capture.path for c in facts.jobs[node].captures
        )
    if isinstance(use, FunctionCall | ComputedUse):
        return any(c.kind == capture.kind and c.path == capture.path for c in use.function.reads)
    if capture.kind == "snapshot":
        return isinstance(node, ast.SelfRef)
    if isinstance(use, RelationUse):
        return capture.path == (use.relation.key,)
    return isinstance(use, SelfColumn) and use.column.name == capture.path[0]


def _update(frame: Frame, path: tuple[str, ...], code: Code) -> Line:
    resource = frame.resource
    key = frame.self_value((resource.primary_key or "id",))
    head = "await " if frame.awaits else ""
    columns = list(frame.columns(path))
    record = frame.module.record_class(resource.name)
    if len(path) == 1:
        text = f"update({record}, {key.text}, {columns[0].python}={code.text})"
    else:
        where = string(".".join(path))
        text = f"update_path({record}, {key.text}, {where}, {code.text})"
    return Line(f"{head}{frame.handle}.{text}")


def _is_widened(frame: Frame, capture: Capture) -> bool:
    """Whether the first value of a variable may tell less than its type."""
    assert frame.job is not None
    writes = [
        node
        for node in walk(frame.job.block.body)
        if isinstance(node, ast.Assign)
        and isinstance(node.target, ast.Member)
        and _path(frame, node.target)[0] == capture.path
    ]
    return isinstance(required(capture.type), Enum) or (
        len(writes) > 1 and is_nullable(capture.type)
    )


def _overlaps(capture: Capture, path: tuple[str, ...]) -> bool:
    if capture.kind == "snapshot":
        return True
    length = min(len(path), len(capture.path))
    return capture.kind == "self_path" and capture.path[:length] == path[:length]


def _replaced(
    frame: Frame, capture: Capture, path: tuple[str, ...], code: Code, kind: Type
) -> list[Line]:
    """The captured value with the assignment applied to it."""
    before = frame.captured(capture)
    own = path if capture.kind == "snapshot" else path[len(capture.path) :]
    if capture.kind == "self_path" and len(capture.path) >= len(path):
        steps = list(frame.columns(capture.path))[len(path) :]
        nullable = is_nullable(kind) or is_loose(kind)
        part = NONE if code == NONE else attributes(code.at(Strength.PRIMARY), steps, nullable)
        text = part.text
    else:
        base = () if capture.kind == "snapshot" else capture.path
        text = _replacing(frame, before, base, own, code)
    first = not frame.is_replaced(capture)
    name = frame.replace_capture(capture)
    kind_ = (
        f": {frame.module.annotation(capture.type)}" if first and is_nullable(capture.type) else ""
    )
    return [Line(f"{name}{kind_} = {text}")]


def _replacing(
    frame: Frame, before: Code, base: tuple[str, ...], own: tuple[str, ...], code: Code
) -> str:
    """`replace(address, country=…)`, from the inside out."""
    replace_ = frame.module.imports.use("dataclasses", "replace")
    columns = list(frame.columns((*base, *own)))[len(base) :]
    names = [column.python for column in columns]
    text = code.text
    for depth in range(len(names) - 1, -1, -1):
        target = ".".join([before.text, *names[:depth]])
        if depth and is_nullable(columns[depth - 1].type):
            what = string(".".join(["self", *base, *own[:depth]]))
            target = f"{frame.module.imports.operator('unwrap')}({target}, {what})"
        text = f"{replace_}({target}, {names[depth]}={text})"
    return text
