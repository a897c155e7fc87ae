"""What Python cannot hold is said, never guessed."""

from collections.abc import Iterator

from .. import ast
from ..diagnostics import Problems
from ..program import Facts, JobInfo, Local, Program, RecordCall
from ..queries import IN_MEMORY, is_query, query_locals
from ..types import ANY, Query, required
from ..walk import walk
from .require import shorten


def report_unsupported(program: Program, problems: Problems) -> None:
    """Report (GEN690) queries that are only known at run time."""
    for job, body in _functions(program):
        _report_queries(program.facts, job, body, problems)


def _functions(program: Program) -> Iterator[tuple[JobInfo | None, ast.Node]]:
    """The bodies that become a Python function, and the jobs that they are of."""
    for root in _reached(program):
        yield None, root
    for block, job in program.facts.jobs.items():
        yield job, block.body


def _report_queries(facts: Facts, job: JobInfo | None, body: ast.Node, problems: Problems) -> None:
    known = query_locals(facts, body)
    for node in walk(body, into=lambda each: not isinstance(each, ast.Async)):
        call = facts.resolutions.get(node)
        if not isinstance(call, RecordCall) or call.receiver is None:
            continue
        if is_query(facts, call.receiver, known) or _runs_in_memory(call):
            continue
        local = facts.resolutions.get(call.receiver)
        what = f"`{shorten(call.receiver)}`"
        name = call.operation.rstrip("?!")
        if isinstance(local, Local) and local.owner is not job:
            message = f"{what} was captured as rows when the job was enqueued"
            hint = "write the query inside of the block"
        elif isinstance(required(facts.types.get(call.receiver, ANY)), Query):
            message = (
                f"SQL is written when this is compiled, and {what} may be one of several queries"
            )
            hint = "finish each query where it is made, and choose between what they give"
        else:
            message = f"{what} are rows that were loaded already"
            hint = "continue the query before it is run, or use `filter` and `map` on the rows"
        problems.error("GEN690", node.span, f"`{name}` continues a query: {message}", hint)


def _runs_in_memory(call: RecordCall) -> bool:
    return call.operation in IN_MEMORY or (call.operation == "exists?" and not call.arguments)


def _reached(program: Program) -> Iterator[ast.Node]:
    for resource in program.resources.values():
        yield from (hook.node for hook in resource.hooks)
        yield from (each.body for each in resource.functions.values() if each.reached)
