"""Finds the effects of a block that no step has: those that follow the last steps."""

from collections.abc import Iterator

from ... import ast
from ...program import JobInfo, Program, StepInfo, Tried
from .second_runs import Kind, Kinds
from .step_names import branches, work_of


def unrecorded(program: Program, job: JobInfo, kinds: Kinds) -> Iterator[StepInfo]:
    """The statements of a block that have effects and are in no step, in their order."""
    inner = {each: step for step in job.steps for each in step.statements}
    handlers = {step.part.of: step.part.body for step in job.steps if isinstance(step.part, Tried)}
    divided = {*inner, *handlers}
    pending: list[tuple[ast.Statement, StepInfo | None]] = [
        (each, None) for each in reversed(job.block.body.statements)
    ]
    while pending:
        statement, loop = pending.pop()
        step = inner.get(statement)
        if step is not None and not step.takes_turns:
            continue
        is_divided = step is not None or statement in handlers
        blocks = [handlers[statement]] if statement in handlers else blocks_of(statement)
        if is_divided or any(each in divided for b in blocks for each, _ in branches(b)):
            pending += reversed([(each, step or loop) for b in blocks for each in b.statements])
        elif kinds.of(statement) is Kind.EFFECT:
            yield StepInfo(work_of(program, [statement], kinds), (statement,), loop=loop)


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
