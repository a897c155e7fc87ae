"""Queries that generated Python cannot run."""

from ... import ast
from ...analyses.queries import composed_locals, is_composed, query_locals, runs_in_memory
from ...analyses.walk import walk
from ...diagnostics import Problems
from ...program import Facts, JobInfo, Local, Program, RecordCall
from ...types import ANY, Query, required
from ..wording import snippet


def report_unsupported(program: Program, problems: Problems) -> None:
    """Report (GEN690) queries that continue loaded rows."""
    for resource in program.resources.values():
        functions = (each.body for each in resource.functions.values() if each.reached)
        for root in (*(hook.node for hook in resource.hooks), *functions):
            _report_queries(program.facts, None, root, problems)
    for block, job in program.facts.jobs.items():
        _report_queries(program.facts, job, block.body, problems)


def _report_queries(facts: Facts, job: JobInfo | None, body: ast.Node, problems: Problems) -> None:
    certain = query_locals(facts, body)
    known = certain | composed_locals(facts, body, certain)
    for node in walk(body, ast.Async):
        call = facts.resolutions.get(node)
        if not isinstance(call, RecordCall) or call.receiver is None:
            continue
        if is_composed(facts, call.receiver, known) or runs_in_memory(call):
            continue
        local = facts.resolutions.get(call.receiver)
        what = f"`{snippet(call.receiver)}`"
        name = call.operation.rstrip("?!")
        if isinstance(local, Local) and local.owner is not job:
            message = f"{what} was captured as rows when the job was enqueued"
            hint = "write the query inside of the block"
        elif isinstance(required(facts.types.get(call.receiver, ANY)), Query):
            message = f"{what} may be something else than a query"
            hint = "make a query of each of its values"
        else:
            message = f"{what} are rows that were loaded already"
            hint = "continue the query before it is run, or use `filter` and `map` on the rows"
        problems.error("GEN690", node.span, f"`{name}` continues a query: {message}", hint)
