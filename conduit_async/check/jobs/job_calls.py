"""The calls of services and the writes that each job makes, as the lock has them."""

from collections.abc import Iterator

from ... import ast
from ...names import CALL
from ...program import Program, ResourceInfo
from ..lints.footprint import footprint


def find_calls(program: Program) -> None:
    """Give every job its calls, with those of the jobs that it enqueues."""
    for resource in program.resources.values():
        program.resources.work_on(resource)
        for job in reversed(resource.jobs):  # inner before outer
            inner = (each.calls for each in resource.jobs if each.parent is job)
            own = calls_in(program, resource, job.block.body)
            job.calls = tuple(sorted({*own}.union(*inner)))


def calls_in(program: Program, resource: ResourceInfo, body: ast.Block) -> Iterator[str]:
    """Yield the calls and writes of code, without the jobs in it: `Email.send`, `Post.create`."""
    found = footprint(program, resource, body)
    for service, method in found.calls:
        yield service if method == CALL else f"{service}.{method}"
    for write in found.writes:
        what = f"{write.resource}.{write.event}"
        if write.event == "update" and write.columns:
            yield from (f"{what}({column})" for column in write.columns)
        else:
            yield what
