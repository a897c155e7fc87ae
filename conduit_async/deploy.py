"""Finds how a change of sources breaks queued jobs. It reads and writes no files."""

from collections.abc import Mapping
from dataclasses import replace

from .breaking.compare import compare
from .breaking.finding import Finding
from .breaking.job_types import PackageComparison
from .breaking.payloads import Payload
from .breaking.places import Places
from .check import check
from .check.jobs.job_calls import calls_in
from .check.jobs.new_fields import new_fields
from .config import Config
from .diagnostics import Diagnostic, Problems
from .incremental.summarize import summaries_of
from .link.current_lock import current_lock
from .link.services import merged
from .lock.model import Lock
from .lock.update import updated
from .lock_file import read_lock
from .lower.lower import lower
from .package import locked_jobs
from .parse import parse
from .plan.plan import plan_package
from .program import HookInfo, JobInfo, Program, ResourceInfo
from .python.skeleton import skeleton
from .settings import check_config
from .source import Source
from .upcasters import read_upcasters


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
    config = config or Config()
    problems = Problems()
    check_config(config, problems)
    locked = _joined(read_lock(lock, problems), against)
    by_hand = read_upcasters(upcasters, config, problems)
    files = [parse(Source(path, text), problems) for path, text in sorted(sources.items())]
    program: Program | None = None
    if not problems.has_errors:
        asked = replace(config, upcasters=None)  # a payload that nothing reads is a finding here
        program = check(files, asked, problems, lock=locked, upcasters=by_hand)
    if program is None:
        return problems.sorted(), ()
    summaries = summaries_of(program, files, program.resources.keys())
    plan = plan_package(program, config, frozenset(summaries), [])
    modules = [module.facts for module in lower(plan)]
    services = merged(each.services for each in summaries.values())
    of_jobs = {name for module in modules for name in module.job_services}
    new = updated(locked, current_lock(modules, locked_jobs(plan), services, of_jobs, config))
    payloads = {
        job.name: _payload(program, resource, hook, job, config)
        for resource in program.resources.values()
        for hook in resource.hooks
        for job in hook.jobs
    }
    places = Places(program, [file.span.source for file in files], config)
    of_hooks = {
        call
        for resource in program.resources.values()
        for hook in resource.hooks
        for call in calls_in(program, resource, hook.node.body)
    }
    both = PackageComparison(against, new, payloads, places, of_hooks)
    return problems.sorted(), compare(both, config.breaking, problems)


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
