"""What tells one job from another: its names and its earlier names."""

import re
from collections.abc import Collection, Iterable, Mapping, Set
from typing import Any

from ... import ast
from ...config import Config
from ...diagnostics import Problems, Related
from ...job_options import OPTIONS, OptionValue
from ...lock.model import Lock
from ...lock.update import older_shapes
from ...names import ENTRY_POINTS, class_name, local_name, snake_case, unclashed
from ...program import HookInfo, JobInfo, Program, ResourceInfo
from ...source import Span
from ...suggest import did_you_mean
from .block_options import read_options
from .hashes import statement_hashes
from .step_names import name_steps
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
    name_earlier_types(program, lock.jobs.keys(), problems)
    for resource in program.resources.values():
        jobs = [(hook, job) for hook in resource.hooks for job in hook.jobs]
        for _, job in jobs:
            unknown = name_steps(job, lock)
            if unknown and not problems.has_errors:
                _report_unknown_steps(job, unknown, problems)
        _name_in_python(resource, jobs, classes)
        for job in resource.jobs:
            job.older = older_shapes(lock, (job.name, *job.was), job.fingerprint)


def _report_unknown_steps(job: JobInfo, unknown: Collection[str], problems: Problems) -> None:
    were = job.options["steps_were"].values()
    names = [each.name for each in (*job.steps, *job.unrecorded) if each.name not in were]
    for name in sorted(unknown):
        hint = did_you_mean(name, names, '"{}"') or "leave it out: no step has this name now"
        span = _span(job, "steps_were")
        problems.error("VAL501", span, f'"{name}" is not a step of this block', hint)


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
    for step in (each for _, job in jobs for each in job.steps if each.kept):
        what = snake_case(re.sub(r"\W", "_", step.name, flags=re.ASCII))
        step.record = unclashed(class_name(f"{what}_kept"), taken)
        taken.add(step.record)


def name_earlier_types(program: Program, known: Set[str], problems: Problems) -> None:
    """Give every job the earlier names of its type, and report impossible names (VAL505).

    `known` are the job types of the lock, for hints about typos.
    """
    jobs = [job for info in program.resources.values() for job in info.jobs]
    now = {job.name: job for job in jobs}
    seen: dict[str, Span] = {}
    for job in jobs:
        given = job.options.get("was", ())
        around = job.name.rpartition(".")[0]
        job.was = tuple(dict.fromkeys(n if "." in n else f"{around}.{n}" for n in given))
        span = _span(job)
        for name in job.was:
            if name == job.name:
                message = f"`{name}` is what this job type is called now"
                problems.error("VAL505", span, message, "give its earlier name")
            elif name in now:
                related = Related(now[name].block.header, "this one")
                message = f"another block is called `{name}`"
                hint = "one job type cannot be the earlier name of another: remove it"
                problems.error("VAL505", span, message, hint, related)
            elif name in seen:
                related = Related(seen[name], "the first one")
                message = f"`{name}` is the earlier name of two job types"
                problems.error("VAL505", span, message, "remove it from one of them", related)
            elif name not in known and (meant := _meant(name, job, known - now.keys())):
                problems.warning("SYN012", span, f"no job type was ever called `{name}`", meant)
            seen.setdefault(name, span)


def _meant(name: str, job: JobInfo, gone: Set[str]) -> str | None:
    """A hint with the nearest name among the types of the same hook that are gone."""
    around = job.name.rpartition(".")[0]
    own = [each.rpartition(".")[2] for each in gone if each.rpartition(".")[0] == around]
    hook, _, last = name.rpartition(".")
    return did_you_mean(last, own, '"{}"') if hook == around else None


def _span(job: JobInfo, option: str = "was") -> Span:
    found = (each for each in job.block.options if each.name and each.name.text == option)
    argument: ast.Argument | None = next(found, None)
    return argument.value.span if argument is not None else job.block.header
