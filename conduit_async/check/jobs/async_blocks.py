"""What each `@async` block is called and how it is queued."""

import re
from collections import ChainMap
from collections.abc import Iterable, Iterator

from ... import ast
from ...analyses.walk import walk
from ...config import Config, Defaults
from ...diagnostics import Problems, Related
from ...names import class_name, local_name, record_name, snake_case, snapshot_name, unclashed
from ...program import (
    CALL,
    Facts,
    HookInfo,
    JobInfo,
    Program,
    RecordCall,
    ResourceInfo,
    ServiceCall,
)
from .options import MAX_NAME_BYTES, read_options

_WRITES = frozenset({"create!", "update!", "delete!", "increment!", "decrement!", "bulk_create!"})


def describe_jobs(
    program: Program, config: Config, problems: Problems, taken: Iterable[str] = ()
) -> None:
    """Give every job its options, its job type's name, and its Python names.

    `taken` are names of classes beside the program's own.
    """
    classes = dict.fromkeys([*program.class_names.values(), *taken])
    for name in program.resources:
        classes.update({record_name(name): None, snapshot_name(name): None})
    for resource in program.resources.values():
        jobs = [(hook, job) for hook in resource.hooks for job in all_jobs(hook)]
        for _, job in jobs:
            _set_options(job, config.defaults, problems)
        _name_types(resource, jobs, program.facts, config, problems)
        _name_in_python(resource, jobs, classes)


def all_jobs(hook: HookInfo) -> Iterator[JobInfo]:
    """The jobs of a hook and those nested in them, in the order of the source."""
    pending = list(reversed(hook.jobs))
    while pending:
        job = pending.pop()
        yield job
        pending.extend(reversed(job.nested))


def _set_options(job: JobInfo, defaults: Defaults, problems: Problems) -> None:
    options = read_options(job.block, problems)
    if defaults.timeout is not None:
        options.setdefault("timeout", defaults.timeout)
    job.options = options
    job.queue = options.get("queue", defaults.queue)
    job.priority = options.get("priority", defaults.priority)
    job.max_attempts = options.get("max_attempts", defaults.max_attempts)


def _name_types(
    resource: ResourceInfo,
    jobs: list[tuple[HookInfo, JobInfo]],
    facts: Facts,
    config: Config,
    problems: Problems,
) -> None:
    # Names that the source gives come first, so that no other block can push them aside.
    first: dict[str, JobInfo] = {}
    for hook, job in sorted(jobs, key=lambda pair: "name" not in pair[1].options):
        what = job.options.get("name") or _work(job.block, facts)
        wanted = f"{_prefix(config)}{snake_case(resource.name)}.after_{hook.node.event}.{what}"
        job.name = wanted
        count = 1
        while job.name in first:
            count += 1
            job.name = f"{wanted}_{count}"
        if count > 1:
            named = "name" in job.options
            problems.warning(
                "ASY901",
                job.block.header,
                f"another block is called `{wanted}`, so this one became `{job.name}`",
                "give one of the two another name: the number moves when blocks are reordered"
                if named
                else "name it, since such names move when blocks are reordered: "
                '`@async(name: "…")`',
                Related(
                    first[wanted].block.header,
                    "the first one of this name" if named else f"`{wanted}` is this one",
                ),
            )
        first[job.name] = job
        if len(job.name.encode()) > MAX_NAME_BYTES:
            problems.error(
                "VAL504",
                job.block.header,
                f"the job type's name has more than {MAX_NAME_BYTES} bytes: `{job.name}`",
                'shorten it: `@async(name: "…")`',
            )


def _prefix(config: Config) -> str:
    if not config.prefix:
        return ""
    return f"{config.prefix}." if config.prefix[-1].isalnum() else config.prefix


def _work(block: ast.Async, facts: Facts) -> str:
    """What the block does: its first service call, else its first write, else `job`."""
    write: str | None = None
    for node in walk(block.body, into=lambda node: not isinstance(node, ast.Async)):
        match facts.resolutions.get(node):
            case ServiceCall(service=service, method=method):
                what = snake_case(service.name)
                return what if method.name == CALL else f"{what}_{snake_case(method.name)}"
            case RecordCall(operation=operation) as call if operation in _WRITES and write is None:
                write = f"{snake_case(operation)}_{snake_case(call.resource)}"
    return write or "job"


def _name_in_python(
    resource: ResourceInfo, jobs: list[tuple[HookInfo, JobInfo]], classes: dict[str, None]
) -> None:
    """Name handlers and payload classes so that all names of the resource's module differ."""
    handlers: dict[str, None] = {
        f"after_{event}": None for event in ("create", "update", "delete", "save")
    }
    handlers.update({function.python: None for function in resource.functions.values()})
    taken: ChainMap[str, None] = ChainMap({}, classes)
    for hook, job in jobs:
        what = re.sub(r"\W", "_", job.name.rpartition(".")[2], flags=re.ASCII)
        what = snake_case(what)
        if (name := local_name(what)) in handlers:
            name = local_name(f"after_{hook.node.event}_{what}")
        job.python = unclashed(name, ChainMap(taken, handlers))
        taken[job.python] = None
        job.payload = unclashed(class_name(job.python), ChainMap(taken, handlers))
        handlers[job.python] = None
        taken[job.payload] = None
