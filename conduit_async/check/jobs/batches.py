"""Blocks that run in batches: each makes one call of a service, with lists."""

from msgspec.structs import replace

from ... import ast
from ...diagnostics import Problems
from ...program import FunctionCall, JobInfo, Program, RelationUse, ResourceInfo, ServiceCall
from ...source import Span
from ..constants import is_constant
from .capture_finder import CaptureFinder

_RULE = (
    "a block with `batch` is one call of a service, with values that each job stores: `self`, its "
    "fields, locals from before the block"
)


def check_batches(program: Program, problems: Problems) -> None:
    """Let the calls in blocks with `batch` take lists; report blocks with any other code."""
    for resource in program.resources.values():
        for job in resource.jobs:
            if "batch" in job.options:
                _check(program, problems, resource, job)


def _check(program: Program, problems: Problems, resource: ResourceInfo, job: JobInfo) -> None:
    body, resolutions = job.block.body, program.facts.resolutions
    first = body.statements[0] if body.statements else None
    call = resolutions.get(first.value) if isinstance(first, ast.ExprStatement) else None
    if not isinstance(call, ServiceCall) or not isinstance(first, ast.ExprStatement):
        at = job.block.header if first is None else first.span
        return _report(problems, at, "a batch cannot do this for all of its jobs at once")
    if len(body.statements) > 1:
        return _report(problems, body.statements[1].span, "a batch makes one call and no more")
    finder = CaptureFinder(program, problems, resource, job)
    listed = []
    for argument in (*call.positional, *(value for _, value in call.named)):
        if is_constant(argument):  # every job has the same value: no list
            continue
        if not _is_stored(program, finder, argument):
            message = "a batch cannot compute or load this for each of its jobs"
            return _report(problems, argument.span, message)
        listed.append(argument)
    if not listed:
        return _report(problems, first.span, "the call is given nothing of the jobs in the batch")
    resolutions[first.value] = replace(call, listed=tuple(listed))
    return None


def _report(problems: Problems, span: Span, message: str) -> None:
    problems.error("ASY911", span, message, _RULE)


def _is_stored(program: Program, finder: CaptureFinder, node: ast.Expr) -> bool:
    """Whether the payload of each job holds this value."""
    if isinstance(program.facts.resolutions.get(node), RelationUse | FunctionCall):
        return False
    uses = list(finder.uses(node))
    return len(uses) == 1 and uses[0].span == node.span
