"""The name and the options of each job."""

import re
from collections.abc import Iterable
from itertools import chain, count

from ... import ast
from ...analyses.walk import walk
from ...config import Config
from ...diagnostics import Problems, Related
from ...lock.model import Lock
from ...lock.update import older_shapes
from ...names import (
    CALL,
    ENTRY_POINTS,
    class_name,
    local_name,
    record_name,
    snake_case,
    snapshot_name,
    unclashed,
)
from ...program import (
    Facts,
    HookInfo,
    JobInfo,
    Program,
    RecordCall,
    ResourceInfo,
    ServiceCall,
)
from ..queries.writes import WRITES
from .earlier_types import name_earlier_types
from .options import MAX_NAME_BYTES, read_options
from .statements import statement_hashes


def describe_jobs(program: Program, config: Config, problems: Problems) -> None:
    """Give every job its hook's name, its options, and what tells its block from others."""
    defaults = config.defaults
    for resource in program.resources.values():
        for hook, job in [(each, job) for each in resource.hooks for job in each.jobs]:
            job.hook_name = f"{resource.name}.after_{hook.node.event}"
            job.statements = statement_hashes(job.block)
            job.options = options = read_options(job.block, problems)
            if defaults.timeout is not None:
                options.setdefault("timeout", defaults.timeout)
            job.queue = options.get("queue", defaults.queue)
            job.priority = options.get("priority", defaults.priority)
            job.max_attempts = options.get("max_attempts", defaults.max_attempts)


def name_jobs(
    program: Program, config: Config, problems: Problems, lock: Lock, taken: Iterable[str] = ()
) -> None:
    """Give every job its job type's name, its Python names, and its older shapes.

    `taken` are the names of further classes.
    """
    classes = {*program.class_names.values(), *taken}
    classes |= {name(each) for each in program.resources for name in (record_name, snapshot_name)}
    for resource in program.resources.values():
        jobs = [(hook, job) for hook in resource.hooks for job in hook.jobs]
        _name_types(resource, jobs, program.facts, config.prefix or "", problems)
        _name_in_python(resource, jobs, classes)
    name_earlier_types(program, lock.jobs.keys(), problems)
    for resource in program.resources.values():
        for job in (job for hook in resource.hooks for job in hook.jobs):
            job.older = older_shapes(lock, (job.name, *job.was), job.fingerprint)


def _name_types(
    resource: ResourceInfo,
    jobs: list[tuple[HookInfo, JobInfo]],
    facts: Facts,
    prefix: str,
    problems: Problems,
) -> None:
    # Names from the source come first, so that no other block can take them.
    first: dict[str, JobInfo] = {}
    prefix += "." if prefix[-1:].isalnum() else ""
    for hook, job in sorted(jobs, key=lambda pair: "name" not in pair[1].options):
        header, is_named = job.block.header, "name" in job.options
        what = job.options["name"] if is_named else _work(job.block, facts)
        wanted = f"{prefix}{snake_case(resource.name)}.after_{hook.node.event}.{what}"
        names = chain([wanted], (f"{wanted}_{number}" for number in count(2)))
        job.name = next(name for name in names if name not in first)
        if job.name != wanted:
            message = f"another block is called `{wanted}`, so this one became `{job.name}`"
            hint = 'name it, since such names move when blocks are reordered: `@async(name: "…")`'
            note = f"`{wanted}` is this one"
            if is_named:
                hint = (
                    "give one of the two another name: the number moves when blocks are reordered"
                )
                note = "the first one of this name"
            related = Related(first[wanted].block.header, note)
            problems.warning("ASY901", header, message, hint, related)
        first[job.name] = job
        if len(job.name.encode()) > MAX_NAME_BYTES:
            message = f"the job type's name has more than {MAX_NAME_BYTES} bytes: `{job.name}`"
            problems.error("VAL504", header, message, 'shorten it: `@async(name: "…")`')


def _work(block: ast.Async, facts: Facts) -> str:
    """What the block does: its first service call, else its first write, else `job`."""
    write: str | None = None
    for node in walk(block.body, ast.Async):
        match facts.resolutions.get(node):
            case ServiceCall(service=service, method=method):
                what = snake_case(service)
                return what if method == CALL else f"{what}_{snake_case(method)}"
            case RecordCall(operation=operation) as call if operation in WRITES and write is None:
                write = f"{snake_case(operation)}_{snake_case(call.resource)}"
    return write or "job"


def _name_in_python(
    resource: ResourceInfo, jobs: list[tuple[HookInfo, JobInfo]], classes: set[str]
) -> None:
    """Name handlers and payload classes so that all names of the resource's module differ."""
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
