"""The modules of a package, with the names that are taken in each."""

from collections.abc import Collection, Iterator
from functools import partial

from ..analyses.reached import Reached, reached_from
from ..config import Config
from ..names import ENTRY_POINTS, record_name, snapshot_name
from ..package import ModulePlan, Plan, RowHead
from ..program import JobInfo, Program, ResourceInfo
from ..python.annotations import hiding, payload_type
from .rows import plan_rows


def plan_package(
    program: Program,
    config: Config,
    paths: Collection[str],
    outside: Collection[RowHead],
) -> Plan:
    """The modules and rows of the sources at `paths`; `outside` are the rows of all others."""
    rows, reserved = plan_rows(program, paths, outside)
    modules = tuple(
        _module(program, resource)
        for resource in program.resources.values()
        if resource.hooks and resource.node.span.source.path in paths
    )
    records = {each(name) for name in program.resources for each in (record_name, snapshot_name)}
    records.update(program.class_names.values(), (head.name for head in outside))
    awaits = config.connection == "async"
    return Plan(program, awaits, modules, frozenset(records), rows, reserved)


def _module(program: Program, resource: ResourceInfo) -> ModulePlan:
    jobs = tuple(job for hook in resource.hooks for job in hook.jobs)
    reached = reached_from(program, [hook.node for hook in resource.hooks])
    defined = {*ENTRY_POINTS, *(function.python for function in resource.functions.values())}
    defined.update(name for job in jobs for name in (job.python, job.payload))
    declared = program.facts.declared
    locals_ = {declared[node].python for node in reached.nodes() if node in declared}
    taken = defined | locals_ | {*_parameters(jobs, reached)}
    return ModulePlan(resource, jobs, frozenset(defined), frozenset(taken))


def _parameters(jobs: Collection[JobInfo], reached: Reached) -> Iterator[str]:
    for job in jobs:
        yield from hiding((c.python, partial(payload_type, c)) for c in job.captures)
    for function in reached.functions:
        yield from (capture.python for capture in function.reads)
        yield from (parameter.python for parameter in function.parameters)
