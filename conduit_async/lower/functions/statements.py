"""Statements as lines of Python."""

from contextlib import ExitStack

from ... import ast
from ...program import Items, RecordCall
from ...python.code import NONE, Code, Effect, Form, Line, Precedence, compound, listed, negate
from ...python.literals import string
from ...types import INT, Query, Range, is_nullable
from ..expressions.dispatch import Operand, condition, lower
from ..python.branching import chain
from ..python.typing import DYNAMIC, as_any, has_rows, resource_of, type_of, typed_empty
from . import assignment, variables
from .blocks import block, rule, value
from .destination import NOWHERE, UNREAD, Destination
from .function_builder import FunctionBuilder
from .naming import Hint
from .step_values import turns_of


@rule(ast.Let)
def _let(fn: FunctionBuilder, node: ast.Let, dest: Destination) -> list[Line]:
    local = fn.module.facts.declared[node]
    if local in fn.locals.queries:
        return assignment.bind_query(fn, local, node.value)
    if local not in fn.locals.read:
        return value(fn, node.value, UNREAD)
    name = fn.names.local(local)
    if local in fn.locals.composed:
        kind = variables.select_type(fn, local.type) if is_nullable(local.type) else None
        return value(fn, node.value, Destination("name", name, kind, local.type, composed=True))
    is_declared = local in fn.declared
    annotation = None if is_declared else variables.annotation(fn, local, node.value)
    narrowed = not is_declared and variables.is_narrowed(fn, node, local)
    is_first = not is_declared
    dest = Destination("name", name, annotation, local.type, narrowed, first=is_first)
    return value(fn, node.value, dest)


@rule(ast.If)
def _if(fn: FunctionBuilder, node: ast.If, dest: Destination) -> list[Line]:
    arms: list[tuple[Code, list[Line]]] = []
    with ExitStack() as rest:
        for number, branch in enumerate(node.branches):
            test = _test(fn, node, number)
            with fn.branch():
                body = block(fn, branch.body, dest)
            arms.append((negate(test) if node.negated else test, body))
            rest.enter_context(fn.branch())  # later conditions are tested only if this fails
        if node.otherwise is not None:
            otherwise = block(fn, node.otherwise, dest)
        else:
            otherwise = dest.put(NONE) if dest.kind == "name" else []
    falls = dest.kind == "return" and node.otherwise is None
    if falls:
        arms = [  # `return None` follows the arms
            (test, body[:-1] if body[1:] and body[-1].text == "return None" else body)
            for test, body in arms
        ]
    return [*chain(arms, otherwise), *(dest.put(NONE) if falls else [])]


def _test(fn: FunctionBuilder, node: ast.If, number: int) -> Code:
    """The test of a branch, or what a step has stored of it."""
    if (local := fn.chosen.get(node)) is None:
        return condition(fn, node.branches[number].condition)
    name = fn.names.local(local)
    if not node.branches[1:]:
        return Code(name)
    return Code(f"{name} == {number}", Precedence.COMPARISON)


@rule(ast.For)
def _for(fn: FunctionBuilder, node: ast.For, dest: Destination) -> list[Line]:
    local = fn.module.facts.declared[node]
    step = fn.loops.get(node)
    before, iterable = _iterable(fn, node.iterable, None if step is None else step.items)
    if fn.holds_snapshot(node.iterable):
        fn.snapshots.add(local)
    name = fn.names.local(local) if local in fn.locals.read else "_"
    if assignment.assigns_fields(node.body):
        fn.rows.forget()  # the next turn may have another row
    with fn.branch():
        body = block(fn, node.body)
    if step is not None:
        resumed, ends = turns_of(fn, step)
        turns = f"{fn.handle}.turns({string(step.name)}, {iterable})"
        return [*before, *resumed, compound(f"async for {name} in {turns}:", [*body, *ends])]
    return [*before, compound(f"for {name} in {iterable}:", body)]


def _iterable(fn: FunctionBuilder, node: ast.Expr, items: Items | None) -> tuple[list[Line], str]:
    if items is not None:
        stored = Code(fn.names.local(items.local))
        loose = items.local.type in DYNAMIC
        return [], (fn.operator("iterate", [stored]) if loose else stored).text
    if type_of(fn, node) == Range(INT) and isinstance(node, ast.Binary):
        low, high = fn.in_order([lower(fn, node.left), lower(fn, node.right)])
        last = high.text
        if node.operator == "..":
            end = high.text.isdigit()
            last = str(int(high.text) + 1) if end else f"{high.at(Precedence.SUM)} + 1"
        first = "" if low.text == "0" else f"{low.text}, "
        return [*low.before, *high.before], f"{fn.builtin('range')}({first}{last})"
    code = as_any(fn, node, lower(fn, Operand(node, record="either")))
    is_external = Effect.WAITS in code.effect or code.form is Form.EXTERNAL
    if code.form is Form.EMPTY:
        code = typed_empty(fn, code)
    elif type_of(fn, node) in DYNAMIC:
        code = fn.operator("iterate", [code])
    elif (
        is_external or isinstance(type_of(fn, node), Query)
    ) and code.precedence >= Precedence.AWAIT:
        hint: Hint = node
        if isinstance(fn.resolved(node), RecordCall) and has_rows(type_of(fn, node)):
            hint = resource_of(fn, type_of(fn, node)).table.rpartition(".")[2]
        code = fn.hoist(code, hint)
    return list(code.before), code.text


@rule(ast.Return)
def _return(fn: FunctionBuilder, node: ast.Return, dest: Destination) -> list[Line]:
    if fn.return_dest is None:
        before = value(fn, node.value, NOWHERE) if node.value is not None else []
        return [*before, Line(fn.returns)]
    if node.value is None:
        return fn.return_dest.put(NONE)
    return value(fn, node.value, fn.return_dest)


@rule(ast.Raise)
def _raise(fn: FunctionBuilder, node: ast.Raise, dest: Destination) -> list[Line]:
    code = lower(fn, node.message)
    error = fn.module.imports.runtime("ConduitError")
    cause = f" from {fn.caught}" if fn.caught else ""
    return [*code.before, Line(f"raise {error}({listed([code.text], [code])}){cause}")]
