"""Finds how a change of sources breaks queued jobs. It reads and writes no files."""

from collections.abc import Mapping
from dataclasses import replace

from .breaking.application import compare
from .breaking.finding import Finding
from .breaking.job_types import PackageComparison
from .breaking.payloads import Payload
from .breaking.places import Places
from .check.jobs.older_payloads import new_fields
from .check.lints.footprint import calls_in
from .config import Config
from .diagnostics import Diagnostic, Problems
from .front_end import read_inputs
from .incremental.planned import plan_all
from .link.current_lock import current_lock
from .link.services import merged
from .lock.model import Lock
from .lock.update import updated
from .lower.lower import lower
from .package import locked_jobs
from .program import HookInfo, JobInfo, Program, ResourceInfo
from .python.skeleton import skeleton
from .source import Source


def find_breaking(
    sources: Mapping[str, str],
    against: Lock,
    config: Config | None = None,
    lock: str | None = None,
    upcasters: Source | None = None,
) -> tuple[tuple[Diagnostic, ...], tuple[Finding, ...]]:
    """Return what the sources change for jobs of the package whose lock was `against`.

    There are no findings when a diagnostic is an error. `lock` and `upcasters` are those of the
    package now, as for `compile`.
    """
    problems = Problems()
    inputs = read_inputs(config, lock, upcasters, problems)
    config, locked = inputs.config, _joined(inputs.lock, against)
    # A payload that nothing reads is a finding here.
    asked = replace(inputs, config=replace(config, upcasters=None), lock=locked)
    planned = plan_all(sources, asked, problems)
    if planned is None:
        return problems.sorted(), ()
    plan, program = planned.plan, planned.plan.program
    modules = [module.facts for module in lower(plan)]
    services = merged(each.services for each in planned.summaries.values())
    of_jobs = {name for module in modules for name in module.job_services}
    new = updated(locked, current_lock(modules, locked_jobs(plan), services, of_jobs, config))
    payloads = {
        job.name: _payload(program, resource, hook, job, config)
        for resource in program.resources.values()
        for hook in resource.hooks
        for job in hook.jobs
    }
    places = Places(program, [Source(path, text) for path, text in sorted(sources.items())], config)
    of_hooks = {
        call
        for resource in program.resources.values()
        for hook in resource.hooks
        for call in calls_in(program, resource, hook.node.body)
    }
    both = PackageComparison(against, new, payloads, places, of_hooks)
    findings = compare(both, config.breaking, problems)
    return problems.sorted(), findings


def _joined(own: Lock, other: Lock) -> Lock:
    """Return `own` with the job types and the payload shapes that only `other` has."""
    jobs = {
        name: replace(job, shapes={**other.jobs[name].shapes, **job.shapes})
        for name, job in own.jobs.items()
        if name in other.jobs
    }
    return replace(own, jobs={**other.jobs, **own.jobs, **jobs})


def _payload(
    program: Program, resource: ResourceInfo, hook: HookInfo, job: JobInfo, config: Config
) -> Payload:
    where = "name a module as `upcasters` in the configuration, and write there an upcaster"
    if config.upcasters is not None:
        where = f"write an upcaster in {config.upcasters}"
    return Payload(
        new_fields(job.captures, program, resource, hook.node.event),
        frozenset(shape for shape, older in job.older_payloads.items() if older.by_hand),
        {
            shape: f"{where}:\n\n{skeleton(job, shape, resource, config)}"
            for shape in job.older_payloads
        },
    )
