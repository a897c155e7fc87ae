"""Plans how payloads of an older shape are read."""

from collections.abc import Collection

from ...config import Config
from ...diagnostics import Problems
from ...lock.model import Unreadable
from ...lock.upcasting import plan_upcast
from ...names import ENTRY_POINTS, unclashed
from ...program import HookInfo, JobInfo, OlderPayload, Program, ResourceInfo, Upcasters
from ...python.older_classes import class_names
from ...python.skeleton import skeleton
from .new_fields import new_fields


def plan_older_payloads(
    program: Program,
    config: Config,
    problems: Problems,
    upcasters: Upcasters,
    outside: Collection[str] = (),
) -> None:
    """Decide how each older shape of each job is read, and name its class.

    `outside` are the names of other classes. If the configuration names a module of upcasters, a
    shape that nothing reads is reported (ASY906).
    """
    classes = program.classes().union(outside)
    for resource in program.resources.values():
        jobs = [(hook, job) for hook in resource.hooks for job in hook.jobs if job.older]
        if not jobs:
            continue
        taken = {*classes, *ENTRY_POINTS, *(each.python for each in resource.functions.values())}
        taken |= {name for job in resource.jobs for name in (job.python, job.payload)}
        program.resources.work_on(resource)
        for hook, job in jobs:
            _plan(program, resource, hook, job, upcasters, taken)
            for fingerprint, older in job.older_payloads.items():
                if config.upcasters and isinstance(older.upcast, Unreadable) and not older.by_hand:
                    _report(job, fingerprint, older, resource, config, problems)


def _plan(
    program: Program,
    resource: ResourceInfo,
    hook: HookInfo,
    job: JobInfo,
    upcasters: Upcasters,
    taken: set[str],
) -> None:
    job.new_fields = new_fields(job.captures, program, resource, hook.node.event)
    for fingerprint, fields in job.older.items():
        classes: dict[str, str] = {}
        for path, wanted in class_names(job.payload, fingerprint, fields):
            classes[path] = unclashed(wanted, taken)
            taken.add(classes[path])
        job.older_payloads[fingerprint] = OlderPayload(
            fields,
            classes,
            plan_upcast(fields, job.new_fields),
            not upcasters.isdisjoint(
                (module, job.python, fingerprint) for module in ("", resource.module)
            ),
        )


def _report(
    job: JobInfo,
    fingerprint: str,
    older: OlderPayload,
    resource: ResourceInfo,
    config: Config,
    problems: Problems,
) -> None:
    assert isinstance(older.upcast, Unreadable)
    message = f"nothing reads the older payload {fingerprint} of `{job.name}`"
    message += f": `{older.upcast.field}` {older.upcast.reason}"
    text = skeleton(job, fingerprint, resource, config)
    hint = f"write an upcaster in {config.upcasters}:\n\n{text}"
    problems.error("ASY906", job.block.header, message, hint)
