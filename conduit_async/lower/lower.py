"""Lowers a plan to the code of its modules."""

from collections.abc import Iterator

from ..package import ModuleCode, ModuleFacts, ModulePlan, PayloadClass, Plan, PythonFunction
from ..python.imports import Imports
from .expressions import (
    access,
    calls,
    choices,
    lambdas,
    lazy,
    matches,
    operators,
    rescues,
    strings,
    values,
)
from .functions import assignment, captures, statements
from .functions.functions import function
from .functions.hooks import hook_functions
from .functions.jobs import job_items
from .functions.module import Module
from .functions.upcasters import older_items
from .python.outline import outlined

RULE_MODULES = (
    *(access, calls, choices, lambdas, lazy, matches, operators, rescues, strings, values),
    *(assignment, captures, statements),
)
"""The modules whose import registers their rules."""


def lower(plan: Plan) -> Iterator[ModuleCode]:
    """Yield the code of each module, lowered on demand."""
    for each in plan.modules:
        imports = Imports(each.taken, plan.records)
        module = Module(plan.program, each.resource, plan.awaits, imports, each.defined)
        yield _code(module, each)


def _code(module: Module, plan: ModulePlan) -> ModuleCode:
    resource = plan.resource
    hooks = hook_functions(module)
    items: list[PayloadClass | PythonFunction] = [*hooks]
    for job in plan.jobs:
        items += job_items(module, job)
        items += older_items(module, job)
    done = 0
    while done < len(module.variants):
        variants = list(module.variants)[done:]
        done = len(module.variants)
        items += [function(module, variant) for variant in variants]
    items = [
        outlined(item, module.imports) if isinstance(item, PythonFunction) else item
        for item in items
    ]
    public = [each.name for each in hooks if not each.name.startswith("_")]
    facts = ModuleFacts(
        resource.module,
        tuple(job.python for job in plan.jobs),
        frozenset(module.imports.used(".records")),
        frozenset(module.job_services),
        module.job_calls,
        tuple(job.name for job in plan.jobs),
        tuple(f"{resource.name}.{name}" for name in public),
        {job.python: tuple(job.older) for job in plan.jobs if job.older},
    )
    return ModuleCode(
        facts,
        resource.node.span.source.path,
        resource.doc,
        module.record,
        tuple(map(tuple, module.imports.groups())),
        tuple(sorted([module.record, *public])),
        tuple(items),
    )
