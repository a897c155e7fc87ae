"""Lowers statements, and expressions with a destination, by a rule for each kind."""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, TypeAlias

from ... import ast
from ...analyses.raising import raised_in
from ...program import Chosen, Items, Local, Part, ServiceCall, StepInfo, Tried
from ...python.code import NONE, Code, Form, Line, assign, assignment, compound, holds, if_
from ...python.literals import string
from ...source import Span
from ...types import ANY
from ..expressions.dispatch import Operand, condition, lower, nil_after_call, truth
from ..expressions.snapshots import record_form_of
from ..python.branching import chain
from ..python.typing import DYNAMIC, type_of, unchecked
from .destination import NOWHERE, UNREAD, Destination
from .function_builder import FunctionBuilder
from .step_values import record_of, restored

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
    inside: Collection[ast.Statement] = ()
    commits = False
    for statement in node.statements:
        if statement in inside:
            continue
        if (step := fn.steps.get(statement)) is not None:
            lines += _step(fn, step)
            inside = step.statements
            if isinstance(step.part, Tried):
                inside = (*inside, step.part.of)
                lines += _rescued(fn, step.part)
            if statement in inside:
                continue
        lines += _declared(fn, statement)
        if statement in fn.guarded:
            lines.append(Line(f"await {fn.handle}.passed_all_steps()"))
        if statement in fn.last_writes and not commits:
            lines.append(Line(f"await {fn.handle}.commits_at_end()"))
            commits = True
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
    locals_ = [each.local for each in step.kept if each.local is not None]
    new = {each for each in locals_ if each not in fn.declared}
    fn.declared.update(new)
    # What later code reads of the fields that the step assigns is kept: no variable is set before.
    with fn.rows.branch(), fn.overriding(steps={}, loops={}):
        body = block(fn, ast.Block(step.first.span, step.statements))
        body += _part(fn, step.part)
    fn.declared.difference_update(new)
    body.append(Line(f"await {fn.handle}.ends({record_of(fn, step)})"))
    if step.only_writes:
        body = [compound(f"async with {fn.handle}.transaction():", body)]
    otherwise = restored(fn, step) if step.kept else []
    declared = [
        Line(f"{fn.names.local(each)}: {fn.module.annotation(each.type)}")
        for each in locals_
        if each in new
        and (first := _first_value(fn, step, each)) is not None
        and not (isinstance(fn.resolved(first), ServiceCall) and each.type == ANY)
    ]
    until = "" if step.until is None else f", until={string(step.until.name)}"
    begins = fn.through_handle(f"{fn.handle}.begins({string(step.name)}{until})", [])
    return [*declared, *chain([(begins, body)], otherwise)]


def _declared(fn: FunctionBuilder, statement: ast.Statement) -> list[Line]:
    """Declare a variable that branches of a statement give its first value."""
    local = fn.joined.get(statement)
    if local is None or local not in fn.locals.read or local in fn.declared:
        return []
    fn.declared.add(local)
    return [Line(f"{fn.names.local(local)}: {fn.module.annotation(local.type)}")]


def _part(fn: FunctionBuilder, part: Part | None) -> list[Line]:
    """Lower the part of a statement with which a step ends."""
    match part:
        case Chosen(node=ast.If(branches=branches), local=local):
            name = fn.names.local(local)
            return _spanned(_first_that_holds(fn, branches, name), part.of.span)
        case Chosen(local=local, nodes=(subject,)):
            goes = Destination("name", fn.names.local(local), expected=local.type, first=True)
            return _spanned(value(fn, subject, goes), subject.span)
        case Items(local=local):
            goes = Destination("name", fn.names.local(local), expected=local.type, first=True)
            return _spanned(value(fn, part.node, goes), part.node.span)
        case Tried(error=error, value=sets):
            name, goes = fn.names.local(error), UNREAD
            lines = [assignment(name, "None", fn.first_annotation(error))]
            if sets is not None and sets in fn.locals.read:
                goes = Destination("name", fn.names.local(sets), expected=sets.type)
                lines.append(assignment(goes.name, "None"))
            with fn.branch():
                tried = value(fn, part.node, goes)
            caught = fn.names.fresh("error" if name != "error" else "caught")
            failed = f"{name} = {fn.module.imports.runtime('ErrorValue')}.of({caught})"
            head = f"except {fn.builtin('Exception')} as {caught}:"
            lines += [compound("try:", tried), compound(head, [Line(failed)])]
            return _spanned(lines, part.of.span)
    return []


def _first_that_holds(fn: FunctionBuilder, branches: Sequence[ast.Branch], name: str) -> list[Line]:
    """Find the number of the first condition that holds; of one alone, whether it does."""
    if not branches[1:]:
        test = condition(fn, branches[0].condition)
        return [*test.before, assignment(name, truth(fn, test).text)]
    arms: list[tuple[Code, list[Line]]] = []
    with ExitStack() as rest:
        for number, branch in enumerate(branches):
            test = condition(fn, branch.condition)
            arms.append((test, [assignment(name, str(number))]))
            rest.enter_context(fn.branch())
    return chain(arms, [assignment(name, str(len(branches)))])


def _rescued(fn: FunctionBuilder, tried: Tried) -> list[Line]:
    """Lower the block of a `rescue` to code behind the step that has failed."""
    name = fn.names.local(tried.error)
    if (local := fn.module.facts.declared.get(tried.rescue)) is not None:
        fn.names.name_local(local, name)
    with fn.branch():
        body = block(fn, tried.body)
    head = f"if {name} is not None:"
    return _spanned([compound(head, body)] if body else [], tried.of.span)


def _first_value(fn: FunctionBuilder, step: StepInfo, local: Local) -> ast.Expr | None:
    """The value that a `let` of a step gives a variable; None if it is declared elsewhere."""
    statements = (*step.statements, *([] if step.part is None else [step.part.of]))
    if any(fn.joined.get(each) is local for each in statements):
        return local.value
    lets = (each for each in statements if isinstance(each, ast.Let))
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
