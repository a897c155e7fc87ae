"""Lowers statements, and expressions with a destination, by a rule for each kind."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from ... import ast
from ...analyses.raising import raised_in
from ...program import Local, ServiceCall, StepInfo
from ...python.code import NONE, Code, Form, Line, assign, assignment, compound, holds, if_
from ...python.literals import string
from ...source import Span
from ...types import ANY
from ..expressions.dispatch import Operand, lower, nil_after_call
from ..expressions.snapshots import record_form_of
from ..python.branching import chain
from ..python.typing import DYNAMIC, type_of, unchecked
from .destination import NOWHERE, Destination
from .function_builder import FunctionBuilder

Rule: TypeAlias = Callable[[FunctionBuilder, Any, Destination], list[Line]]

_RULES: dict[type[ast.Node], Rule] = {}


def rule(kind: type[ast.Node]) -> Callable[[Rule], Rule]:
    """Register the rule for a kind of statement, or for an expression that needs statements."""

    def register(function: Rule) -> Rule:
        _RULES[kind] = function
        return function

    return register


def block(fn: FunctionBuilder, node: ast.Block, dest: Destination = NOWHERE) -> list[Line]:
    """Lower a block; the value of its last expression goes to `dest`."""
    lines: list[Line] = []
    step: StepInfo | None = None
    for statement in node.statements:
        if step is not None and statement in step.statements:
            continue
        step = fn.step_at(statement)
        if step is not None and (step.takes_turns or step.pause):
            step = None
        if step is not None:
            lines += _step(fn, step)
            continue
        if statement in fn.guarded:
            lines.append(Line(f"await {fn.handle}.passed_all_steps()"))
        raising = raised_in(fn.module.facts, statement)
        if raising is not None:
            return [*lines, *_spanned(_raised(fn, raising), statement.span)]
        goes = dest if statement is node.statements[-1] else NOWHERE
        if isinstance(statement, ast.ExprStatement):
            found = value(fn, statement.value, goes)
        else:
            found = _RULES[type(statement)](fn, statement, goes)
        lines += _spanned(found, statement.span)
        if isinstance(statement, ast.Return | ast.Raise):
            return lines
    gives = node.statements and isinstance(node.statements[-1], ast.ExprStatement | ast.If)
    return lines if gives or dest.kind == "nowhere" else [*lines, *dest.put(NONE)]


def _step(fn: FunctionBuilder, step: StepInfo) -> list[Line]:
    """Lower a step: code that is skipped when an earlier attempt has ended it."""
    kept = {each.local: each.python for each in step.kept if each.local is not None}
    names = {local: fn.names.local(local) for local in kept}
    fn.declared.update(kept)
    # No later code reads a field that the step assigns, so its variable needs no earlier value.
    with fn.rows.branch(), fn.overriding(steps={}):
        body = block(fn, ast.Block(step.statements[0].span, step.statements))
    fn.declared.difference_update(kept)
    values = [f"{kept[each]}={_kept(fn, step, each, name)}" for each, name in names.items()]
    ends = f"{step.record}({', '.join(values)})" if kept else ""
    body.append(Line(f"await {fn.handle}.ends({ends})"))
    if step.only_writes:
        body = [compound(f"async with {fn.handle}.transaction():", body)]
    otherwise = _restored(fn, step, names) if kept else []
    declared = [
        Line(f"{name}: {fn.module.annotation(each.type)}")
        for each, name in names.items()
        if (first := _first_value(fn, step, each)) is not None
        and not (isinstance(fn.resolved(first), ServiceCall) and each.type == ANY)
    ]
    begins = fn.through_handle(f"{fn.handle}.begins({string(step.name)})", [])
    return [*declared, *chain([(begins, body)], otherwise)]


def turns_of(fn: FunctionBuilder, step: StepInfo) -> tuple[list[Line], list[Line]]:
    """What precedes a loop whose turns are stored, and what ends each turn."""
    if not step.kept:
        return [], []
    kept = {each.local: each.python for each in step.kept if each.local is not None}
    names = {local: fn.names.local(local) for local in kept}
    values = ", ".join(f"{kept[each]}={_kept(fn, step, each, n)}" for each, n in names.items())
    reached = f"if await {fn.handle}.reached({string(step.name)}):"
    return (
        [compound(reached, _restored(fn, step, names))],
        [Line(f"{fn.handle}.keep({step.record}({values}))")],
    )


def _restored(fn: FunctionBuilder, step: StepInfo, names: Mapping[Local, str]) -> list[Line]:
    """Give variables what a step has kept of them."""
    lines, stored = [], f"{fn.handle}.kept({step.record})"
    if len(names) > 1:
        variable = fn.names.fresh("kept")
        lines, stored = [assignment(variable, stored)], variable
    return lines + [
        assignment(names[each.local], f"{stored}.{each.python}")
        for each in step.kept
        if each.local is not None
    ]


def _kept(fn: FunctionBuilder, step: StepInfo, local: Local, name: str) -> str:
    """Build what a step keeps of a variable."""
    members = step.members.get(local)
    if members is None:
        return name
    return fn.operator("only", [Code(name), *(Code(string(each)) for each in members)]).text


def _first_value(fn: FunctionBuilder, step: StepInfo, local: Local) -> ast.Expr | None:
    """The value that a `let` of a step gives a variable; None if it is declared elsewhere."""
    lets = (each for each in step.statements if isinstance(each, ast.Let))
    declared = fn.module.facts.declared
    return next((each.value for each in lets if declared[each] is local), None)


def _raised(fn: FunctionBuilder, node: ast.Expr) -> list[Line]:
    """Lower an expression that always raises an error."""
    code = lower(fn, node)
    return [*code.before, Line(code.text)]


def _spanned(lines: Iterable[Line], span: Span) -> list[Line]:
    """Set the span of a statement's lines, except lines of inner statements, which have one."""
    return [
        replace(
            line,
            span=line.span or span,
            block=None if line.block is None else tuple(_spanned(line.block, span)),
        )
        for line in lines
    ]


def value(fn: FunctionBuilder, node: ast.Expr, dest: Destination) -> list[Line]:
    """Lower an expression and put its value into `dest`."""
    if node in fn.module.facts.raising:
        return _raised(fn, node)
    if isinstance(node, ast.Match | ast.Rescue):
        return _RULES[type(node)](fn, node, dest)
    operand = Operand(
        node,
        record=record_form_of(dest.expected),
        composed=dest.composed,
        expected=dest.expected,
        name=dest.name if dest.first else None,
        chain=dest.kind == "nowhere",
    )
    code = lower(fn, operand)
    if code.guards:
        guard, inner = code.split()
        found = dest.put(inner)
        return [*guard.before, *([if_(holds(guard.conditions), found)] if found else [])]
    if code.before and code.text == dest.name:
        return list(code.before)
    if dest.unchecked:
        code = unchecked(fn, code, always=not code.is_constant and code.form is not Form.ANY)
    if dest.kind != "nowhere":
        code = nil_after_call(fn, node, code)
    if dest.kind == "return" and dest.expected is not None:
        unknown = type_of(fn, node) in DYNAMIC and not isinstance(node, ast.Nil)
        hides_its_type = unknown and dest.expected not in DYNAMIC
        if hides_its_type or code.form is Form.ANY:
            name = fn.names.fresh("result")
            kind = fn.module.annotation(dest.expected)
            code = Code(name, before=tuple(assign(name, code, kind)))
    return [*code.before, *dest.put(code)]


def return_directly(lines: Iterable[Line], shared: Collection[str] = ()) -> list[Line]:
    """Replace an assignment and the `return` of its variable by a direct `return`.

    `shared` are variables that are also used outside of this body.
    """
    found: list[Line] = []
    for line in lines:
        if line.block is not None:
            line = replace(line, block=tuple(return_directly(line.block, shared)))
        name, given = (found[-1].gives if found else None) or ("", "")
        if name and name not in shared and line.text == f"return {name}":
            found[-1] = replace(found[-1], text=f"return {given}", gives=None)
        else:
            found.append(line)
    return found


def without_final_return(lines: list[Line]) -> list[Line]:
    """Remove a bare `return` at the end of a body."""
    while lines and lines[-1].text == "return":
        lines = lines[:-1]
    return lines
