"""Finds the effects of a block that no step has: those that follow the last steps.

Writes among them commit together with the end of the job, or of the turn of a loop, if neither a
call of a service nor an error can follow them there.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ... import ast
from ...program import Chosen, JobInfo, Program, StepInfo, Tried
from .second_runs import Kind, Kinds
from .step_names import branches, work_of


class _Place(NamedTuple):
    """A statement, the loop whose turn it is in, and the rest of each block around it."""

    statement: ast.Statement
    loop: StepInfo | None
    rest: "_Rest | None"


class _Rest(NamedTuple):
    """What follows a statement in its block, from a place on, and then in the blocks around it."""

    statements: Sequence[ast.Statement]
    start: int
    outer: "_Rest | None"


def unrecorded(program: Program, job: JobInfo, kinds: Kinds) -> Iterator[StepInfo]:
    """The statements of a block that have effects and are in no step, in their order."""
    inner = {each: step for step in job.steps for each in step.statements}
    handlers = {step.part.of: step.part.body for step in job.steps if isinstance(step.part, Tried)}
    chosen = {step.part.of for step in job.steps if isinstance(step.part, Chosen)}
    divided = {*inner, *handlers, *chosen}
    pending = [*_places(job.body, None, None)]
    while pending:
        statement, loop, rest = pending.pop()
        step = inner.get(statement)
        if step is not None and not step.takes_turns:
            continue
        is_divided = step is not None or statement in handlers or statement in chosen
        blocks = [handlers[statement]] if statement in handlers else blocks_of(statement)
        if is_divided or any(
            each in divided for b in blocks for each, _ in branches(b, job.original)
        ):
            after = rest if step is None else None  # the end of a turn has a record
            for each in reversed(blocks):
                pending += _places(each, step or loop, after)
        elif kinds.of(statement) is Kind.EFFECT:
            followers = [*_followers(rest)]
            only_writes = (
                bool(job.steps)
                and not any(each in divided or kinds.calls_services(each) for each in followers)
                and not any(map(kinds.may_raise, followers))
                and not kinds.calls_services(statement)
                and (kinds.ends_with_effect(statement) or not kinds.may_raise(statement))
            )
            name = work_of(program, [statement], kinds)
            yield StepInfo(name, (statement,), only_writes=only_writes, loop=loop)


def _places(block: ast.Block, loop: StepInfo | None, outer: _Rest | None) -> Iterator[_Place]:
    """The statements of a block, the last one first."""
    statements = block.statements
    for number in reversed(range(len(statements))):
        yield _Place(statements[number], loop, _Rest(statements, number + 1, outer))


def _followers(rest: _Rest | None) -> Iterator[ast.Statement]:
    """The statements that may run behind another one."""
    while rest is not None:
        yield from rest.statements[rest.start :]
        rest = rest.outer


def blocks_of(statement: ast.Statement) -> list[ast.Block]:
    """The blocks of a loop, an `if` or a `match`."""
    match statement:
        case ast.For(body=body):
            return [body]
        case ast.If(branches=branches, otherwise=otherwise):
            blocks = [branch.body for branch in branches]
            return blocks if otherwise is None else [*blocks, otherwise]
        case ast.ExprStatement(value=ast.Match(arms=arms)):
            return [arm.body for arm in arms]
    return []
