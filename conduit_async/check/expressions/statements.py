"""Statements: `let`, assignments, `if`, `for`, `return`, `error`, `@async`, expressions."""

from dataclasses import dataclass

from ... import ast
from ...diagnostics import Related
from ...program import JobInfo
from ...types import (
    ANY,
    DURATION,
    NIL,
    TIMESTAMP,
    NilType,
    Query,
    Type,
    is_nullable,
)
from ..body import Body, ReturnTarget
from ..constants import is_constant
from ..declarations.type_refs import read_type
from ..lattice import InvalidType, is_unknown, join_all
from ..names.shadowing import warn_of_shadowing
from ..narrowing import Path
from ..require import require
from ..sizes import check_size
from .assign import assign, warn_of_next_line
from .effects import has_effect
from .iteration import iterated_type
from .narrow import forget_assigned, item_type, narrowing_of
from .returns import check_return

_EVALUATED_OPTIONS: dict[str, Type] = {"delay": DURATION, "run_at": TIMESTAMP, "unique": ANY}


@dataclass(frozen=True, slots=True)
class Flow:
    """Whether control never comes out at the end, and the value of the last expression."""

    diverges: bool = False
    type: Type = NIL
    unused: bool = False
    """Whether it was reported that the value goes nowhere."""


def check_block(body: Body, block: ast.Block, *, value: bool = False, scope: bool = True) -> Flow:
    """Check the statements of a block; `value`: its last expression is its value."""
    before = body.enter() if scope else body.scope
    flow = Flow()
    reported_line = -1
    last = len(block.statements) - 1
    for number, statement in enumerate(block.statements):
        flow = _check(
            body,
            statement,
            value and number == last,
            last=number == last or _line(statement) == reported_line,
        )
        reported_line = _line(statement) if flow.unused or _is_invalid(body, statement) else -1
        if flow.diverges and number < last and not _is_invalid(body, statement):
            rest = block.statements[number + 1].span.to(block.statements[-1].span)
            body.warning(
                "SEM213",
                rest,
                "this is never reached",
                "remove it, or the statement above that leaves the block",
                Related(statement.span, "control leaves here"),
            )
            known = body.non_nil
            for unreached in block.statements[number + 1 :]:
                _check(body, unreached, False, last=True)
            body.non_nil = known
            break
    body.scope = before
    return flow


def _is_invalid(body: Body, statement: ast.Statement) -> bool:
    """Whether its value is wrong, which explains what else is odd on its line."""
    if not isinstance(statement, ast.Let | ast.Assign | ast.ExprStatement | ast.Return):
        return False
    return statement.value is not None and isinstance(body.type_of(statement.value), InvalidType)


def _line(statement: ast.Statement) -> int:
    return statement.span.line


def _check(body: Body, statement: ast.Statement, value: bool, *, last: bool) -> Flow:
    match statement:
        case ast.Let():
            _let(body, statement)
        case ast.Assign():
            assign(body, statement)
            warn_of_next_line(body, statement, statement.value)
        case ast.If():
            return _if(body, statement, value)
        case ast.For():
            _for(body, statement)
        case ast.Return():
            check_return(body, statement)
            return Flow(diverges=True)
        case ast.Raise():
            body.infer(statement.message)
            return Flow(diverges=True)
        case ast.Async():
            _async(body, statement)
        case ast.ExprStatement():
            return _expression(body, statement.value, value, last=last)
    return Flow()


def _let(body: Body, node: ast.Let) -> None:
    kind = body.infer(node.value)
    if node.type is not None:
        expected = read_type(body.env, node.type, body.resource.name, node.name.text)
        require(body, node.value, expected, f"`{node.name.text}`")
        check_size(body, node.value, node.type, f"`{node.name.text}`")
        actual, kind = kind, expected
    else:
        actual = kind
        kind = body.widened.get(node, ANY if isinstance(kind, NilType) else kind)
    first = body.declared_in_scope(node.name.text)
    if first is not None:
        message = f"`{node.name.text}` is declared already"
        hint = f"assign to it: `{node.name.text} = …`, or choose another name"
        body.error("SEM206", node.name, message, hint, Related(first, "first declared here"))
    else:
        warn_of_shadowing(body, node.name, can_assign=True)
    warn_of_next_line(body, node, node.value)
    local = body.declare(node.name, kind, "let", value=node.value)
    body.facts.declared[node] = local
    if node.type is None:
        body.lets[local] = node
    if is_nullable(kind) and not is_nullable(actual) and not is_unknown(actual):
        body.non_nil |= {(local,)}


def _if(body: Body, node: ast.If, value: bool) -> Flow:
    ends = True
    types: list[Type] = []
    after: list[frozenset[Path]] = []
    for branch in node.branches:
        body.infer(branch.condition)
        implied, before = narrowing_of(body, branch.condition), body.non_nil
        holds, fails = implied.when_true, implied.when_false
        if node.negated:
            holds, fails = fails, holds
        body.non_nil = before | holds
        flow = check_block(body, branch.body, value=value)
        ends &= flow.diverges
        if not flow.diverges:
            types.append(flow.type)
            after.append(body.non_nil)
        body.non_nil = before | fails
    if node.otherwise is not None:
        flow = check_block(body, node.otherwise, value=value)
        ends &= flow.diverges
        if not flow.diverges:
            types.append(flow.type)
            after.append(body.non_nil)
    else:
        ends = False
        types.append(NIL)
        after.append(body.non_nil)
    if after:
        body.non_nil = frozenset.intersection(*after)
    return Flow(ends, join_all(types))


def _for(body: Body, node: ast.For) -> None:
    kind = body.infer(node.iterable)
    item = item_type(body, node.name, iterated_type(body, node.iterable, kind), node.body)
    forget_assigned(body, [node.body])
    warn_of_shadowing(body, node.name)
    before, known = body.enter(), body.non_nil
    body.facts.declared[node] = body.declare(node.name, item, "loop")
    check_block(body, node.body)
    body.scope = before
    body.non_nil &= known


def _async(body: Body, node: ast.Async) -> None:
    for option in node.options:
        if option.name is not None and option.name.text in _EVALUATED_OPTIONS:
            body.infer(option.value)
            wanted = _EVALUATED_OPTIONS[option.name.text]
            if not is_constant(option.value):  # the value of a constant is checked as an option's
                require(body, option.value, wanted, f"`{option.name.text}`")
    job = JobInfo(
        name="",
        python="",
        payload="",
        fingerprint="",
        queue=body.env.config.defaults.queue,
        priority=body.env.config.defaults.priority,
        max_attempts=body.env.config.defaults.max_attempts,
        options={},
        block=node,
        captures=(),
        parent=body.job,
    )
    if body.hook is not None:
        body.facts.jobs[node] = job
        body.facts.known_at[node] = body.non_nil
        (body.hook.jobs if body.job is None else body.job.nested).append(job)
    if not node.body.statements and not body.env.unparsed.touches(node.body.span):
        message = "this block is empty, so its job does nothing"
        body.warning("PAT407", node.header, message, "write what the job has to do, or remove it")
    outer, return_target, known = body.job, body.return_target, body.non_nil
    before = body.enter(set())
    body.job, body.return_target = job, ReturnTarget("job")
    check_block(body, node.body, scope=False)
    body.job, body.return_target, body.non_nil, body.scope = outer, return_target, known, before


def _expression(body: Body, node: ast.Expr, value: bool, *, last: bool) -> Flow:
    if not value:
        body.discarded.add(node)
    kind = body.infer(node)
    is_unused = not value and (not last or isinstance(kind, Query))
    if is_unused and not isinstance(kind, InvalidType) and not has_effect(body, node):
        body.warning("PAT401", node, "this value is not used", "assign it with `let`, or remove it")
        return Flow(node in body.diverging, kind, unused=True)
    return Flow(node in body.diverging, kind)
