"""Statements as lines of Python."""

from contextlib import ExitStack
from dataclasses import replace

from ... import ast
from ...analyses.walk import walk
from ...program import RecordCall
from ...types import INT, Array, Query, Range, Record, required
from ..expressions.dispatch import condition, lower
from ..python import literals
from ..python.branching import chain, is_loop
from ..python.code import NONE, Code, Line, Strength, body_of, listed, negate
from ..python.typing import UNKNOWN, known, type_of
from . import assignment, variables
from .blocks import block, rule, value
from .destination import NOWHERE, UNREAD, Into
from .function_builder import Frame, variable_for


@rule(ast.Let)
def _let(frame: Frame, node: ast.Let, into: Into) -> list[Line]:
    local = frame.module.facts.declared[node]
    if local in frame.locals.queries:
        return assignment.bind_query(frame, local, node.value)
    if local not in frame.locals.read:
        return value(frame, node.value, UNREAD)
    name = frame.local(local)
    if local in frame.locals.composed:
        kind = variables.select_annotation(frame, local)
        return value(frame, node.value, Into("name", name, kind, local.type, composed=True))
    annotation = variables.annotation(frame, local, node.value)
    narrowed = variables.is_narrowed(frame, node, local)
    into = Into("name", name, annotation, local.type, narrowed, first=True)
    return value(frame, node.value, into)


@rule(ast.If)
def _if(frame: Frame, node: ast.If, into: Into) -> list[Line]:
    arms: list[tuple[Code, list[Line]]] = []
    with ExitStack() as rest, frame.in_loop(is_loop(len(node.branches))):
        for branch in node.branches:
            test = condition(frame, branch.condition)
            with frame.branch():
                body = block(frame, branch.body, into)
            arms.append((negate(test) if node.negated else test, body))
            rest.enter_context(frame.branch())  # a later condition is only asked if this fails
        if node.otherwise is not None:
            otherwise = block(frame, node.otherwise, into)
        else:
            otherwise = into.put(NONE) if into.kind == "name" else []
    falls = into.kind == "return" and node.otherwise is None
    if falls:
        arms = [(test, _falling(body)) for test, body in arms]
    lines = chain(arms, otherwise)
    after = after_loop(frame, node) if is_loop(len(arms)) else []
    return [*lines, *after, *(into.put(NONE) if falls else [])]


def _falling(body: list[Line]) -> list[Line]:
    """A body without a `return None` at its end, where that is what follows it."""
    ends = len(body) > 1 and body[-1].text == "return None" and body[-1].indent == 0
    return body[:-1] if ends else body


@rule(ast.For)
def _for(frame: Frame, node: ast.For, into: Into) -> list[Line]:
    local = frame.module.facts.declared[node]
    before, iterable = _iterable(frame, node.iterable)
    if frame.holds_snapshot(node.iterable):
        frame.snapshots.add(local)
    name = frame.local(local) if local in frame.locals.read else "_"
    if assignment.assigns_fields(node.body):
        frame.forget_loaded()  # by the next turn, a row may be another one
    with frame.branch(), frame.in_loop():
        body = block(frame, node.body)
    loop = [*before, Line(f"for {name} in {iterable}:"), *body_of(body)]
    return [*loop, *after_loop(frame, node.body)]


def _is_left(frame: Frame, node: ast.Node) -> bool:
    """Whether a `return` in a loop gives the value of a rescue around it."""
    if not frame.breaks:
        return False
    below = walk(node, into=lambda each: not isinstance(each, ast.Async | ast.Lambda))
    return any(isinstance(each, ast.Return) for each in below)


def _iterable(frame: Frame, node: ast.Expr) -> tuple[list[Line], str]:
    of_ints = type_of(frame, node) == Range(INT)
    if of_ints and isinstance(node, ast.Binary):
        low = lower(frame, node.left)
        high = lower(frame, node.right)
        low, high = frame.in_order([low, high])
        last = high.text
        if node.operator == "..":
            end = high.text.isdigit()
            last = str(int(high.text) + 1) if end else f"{high.at(Strength.SUM)} + 1"
        first = "" if low.text == "0" else f"{low.text}, "
        name = frame.module.imports.use("builtins", "range")
        return [*low.before, *high.before], f"{name}({first}{last})"
    code = known(frame, node, lower(frame, node, record="either"))
    if code.text in ("[]", "{}"):
        return list(code.before), literals.told(code, frame.module.imports).text
    if type_of(frame, node) in UNKNOWN:
        code = replace(code, text=f"{frame.module.imports.operator('iterate')}({code.text})")
        return list(code.before), code.text
    rows = (
        isinstance(type_of(frame, node), Query)
        or "await " in code.text
        or code.text.startswith("hook.")
    )
    if rows and code.strength >= Strength.AWAIT:
        code = frame.spill(code, _rows_name(frame, node))
    elif isinstance(required(type_of(frame, node)), Range | Array) or not code.text:
        pass
    return list(code.before), code.text


def _rows_name(frame: Frame, node: ast.Expr) -> str:
    """What the rows of a query are called: as their table is."""
    kind = required(type_of(frame, node))
    record = required(kind.item) if isinstance(kind, Array) else kind
    is_query = isinstance(frame.module.facts.resolutions.get(node), RecordCall)
    if isinstance(record, Record | Query) and is_query:
        return frame.module.program.resources[record.resource].table.rpartition(".")[2]
    return variable_for(node)


@rule(ast.Return)
def _return(frame: Frame, node: ast.Return, into: Into) -> list[Line]:
    if frame.value_into is not None:
        if frame.breaks and frame.loops:
            return _out_of_loops(frame, node)
        given = frame.value_into.put(NONE)
        if node.value is not None:
            given = value(frame, node.value, frame.value_into)
        return [*given, Line("break")] if frame.breaks else given
    if node.value is None or frame.expected is None:
        before = value(frame, node.value, NOWHERE) if node.value is not None else []
        return [*before, Line(frame.returns)]
    return value(frame, node.value, Into("return", expected=frame.expected))


def _out_of_loops(frame: Frame, node: ast.Return) -> list[Line]:
    """A `return` in loops inside of a rescue's value: a list takes the value along."""
    frame.left = frame.left or frame.fresh("left")
    code = lower(frame, node.value) if node.value is not None else NONE
    return [*code.before, Line(f"{frame.left} = [{code.text}]"), Line("break")]


def after_loop(frame: Frame, node: ast.Node) -> list[Line]:
    """What follows a loop, whose code is that of `node`, that a `return` may have left."""
    if not _is_left(frame, node):
        return []
    assert frame.value_into is not None
    inside = [] if frame.loops else frame.value_into.put(Code(f"{frame.left}[0]"))
    return [Line(f"if {frame.left}:"), *body_of([*inside, Line("break")])]


@rule(ast.Raise)
def _raise(frame: Frame, node: ast.Raise, into: Into) -> list[Line]:
    code = lower(frame, node.message)
    error = frame.module.imports.runtime("ConduitError")
    cause = f" from {frame.caught}" if frame.caught else ""
    return [*code.before, Line(f"raise {error}({listed([code.text], [code])}){cause}")]
