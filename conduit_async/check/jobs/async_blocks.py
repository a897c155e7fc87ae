"""The name and the options of each job."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ...config import Config
from ...diagnostics import Problems
from ...job_options import OPTIONS, OptionValue
from ...lock.model import Lock
from ...lock.update import older_shapes
from ...names import ENTRY_POINTS, class_name, local_name, snake_case, unclashed
from ...program import HookInfo, JobInfo, Program, ResourceInfo
from .block_options import read_options
from .earlier_types import name_earlier_types
from .statement_hashes import statement_hashes
from .type_names import name_types


def describe_jobs(program: Program, config: Config, problems: Problems) -> None:
    """Give every job its hook's name, its options, and the hashes of its statements."""
    for resource in program.resources.values():
        for hook, job in [(each, job) for each in resource.hooks for job in each.jobs]:
            job.hook_name = f"{resource.name}.after_{hook.node.event}"
            job.statements = statement_hashes(job.block)
            job.options = read_options(job.block, problems)
            _add_defaults(job.options, config.defaults)


def _add_defaults(options: dict[str, Any], defaults: Mapping[str, OptionValue]) -> None:
    """Add the configured options that a block does not set; `rate_limit` brings its `per`."""
    given = {*options}
    for name, value in defaults.items():
        needs = OPTIONS[name].needs
        if needs is None or needs.option not in given:
            options.setdefault(name, value)


def name_jobs(
    program: Program, config: Config, problems: Problems, lock: Lock, taken: Iterable[str] = ()
) -> None:
    """Give every job its job type's name, its Python names, and its older shapes.

    `taken` are the names of other classes.
    """
    classes = program.classes().union(taken)
    # after an error, the captures of a block may be unknown
    name_types(program, config.prefix, Lock() if problems.has_errors else lock, problems)
    for resource in program.resources.values():
        jobs = [(hook, job) for hook in resource.hooks for job in hook.jobs]
        _name_in_python(resource, jobs, classes)
    name_earlier_types(program, lock.jobs.keys(), problems)
    for resource in program.resources.values():
        for job in resource.jobs:
            job.older = older_shapes(lock, (job.name, *job.was), job.fingerprint)


def _name_in_python(
    resource: ResourceInfo, jobs: list[tuple[HookInfo, JobInfo]], classes: set[str]
) -> None:
    """Name handlers and payload classes; all names in the resource's module differ."""
    functions = {*ENTRY_POINTS, *(function.python for function in resource.functions.values())}
    taken = classes | functions
    for hook, job in jobs:
        what = snake_case(re.sub(r"\W", "_", job.name.rpartition(".")[2], flags=re.ASCII))
        if (name := local_name(what)) in functions:
            name = local_name(f"after_{hook.node.event}_{what}")
        job.python = unclashed(name, taken)
        taken.add(job.python)
        functions.add(job.python)
        job.payload = unclashed(class_name(job.python), taken)
        taken.add(job.payload)
