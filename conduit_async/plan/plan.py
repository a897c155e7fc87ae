"""Plans the modules of a package, with the names that are taken in each."""

import ast as python_ast
from collections.abc import Collection, Iterator
from functools import partial

from ..analyses.reached import Reached, reached_from
from ..config import Config
from ..lock.upcast import Upcast
from ..names import ENTRY_POINTS
from ..package import ModulePlan, Plan, RowHead
from ..program import JobInfo, OlderPayload, Program, ResourceInfo
from ..python.annotations import hiding, payload_type
from ..python.imports import Imports
from ..python.older_classes import OlderClass, older_classes
from ..python.upcast_code import upcast_code
from .rows import plan_rows


def plan_package(
    program: Program,
    config: Config,
    paths: Collection[str],
    outside: Collection[RowHead],
) -> Plan:
    """The modules and rows of the sources at `paths`; `outside` are the rows of all others."""
    rows, reserved = plan_rows(program, paths, outside)
    records = program.classes().union(head.name for head in outside)
    modules = tuple(
        _module(program, resource, records)
        for resource in program.resources.values()
        if resource.hooks and resource.node.span.source.path in paths
    )
    awaits = config.connection == "async"
    return Plan(program, awaits, modules, frozenset(records), rows, reserved)


def _module(program: Program, resource: ResourceInfo, records: set[str]) -> ModulePlan:
    jobs = tuple(resource.jobs)
    reached = reached_from(program, [hook.node for hook in resource.hooks])
    defined = {*ENTRY_POINTS, *(function.python for function in resource.functions.values())}
    defined.update(name for job in jobs for name in (job.python, job.payload))
    defined.update(step.record for job in jobs for step in job.steps if step.kept)
    older = [(job, each) for job in jobs for each in job.older_payloads.values()]
    defined.update(name for _, each in older for name in each.classes.values())
    declared = program.facts.declared
    locals_ = {declared[node].python for node in reached.nodes() if node in declared}
    taken = defined | locals_ | {*_parameters(jobs, reached)}
    for job, each in older:
        taken |= _of_upcaster(program, job, each, defined | records)
    return ModulePlan(resource, jobs, frozenset(defined), frozenset(taken))


def _parameters(jobs: Collection[JobInfo], reached: Reached) -> Iterator[str]:
    for job in jobs:
        for captures in (job.captures, *(step.kept for step in job.steps)):
            yield from hiding((c.python, partial(payload_type, c)) for c in captures)
    for function in reached.functions:
        yield from (capture.python for capture in function.reads)
        yield from (parameter.python for parameter in function.parameters)


def _of_upcaster(
    program: Program, job: JobInfo, older: OlderPayload, taken: Collection[str]
) -> set[str]:
    """Return the names of an older payload that imports may not take."""
    scratch = Imports()
    classes = older_classes(program, job, older, scratch)
    found = {name for each in classes for name in _hiding_in(each)}
    if isinstance(older.upcast, Upcast) and not older.by_hand:
        code = upcast_code(program, job, older.fields, older.upcast, Imports(), taken)
        found |= code.variables
    return found


def _hiding_in(older: OlderClass) -> Iterator[str]:
    """The fields of a class whose names hide a name in a later annotation."""
    seen: set[str] = set()
    for name, annotation in older.fields:
        nodes = python_ast.walk(python_ast.parse(annotation, mode="eval"))
        yield from seen & {node.id for node in nodes if isinstance(node, python_ast.Name)}
        seen.add(name)
