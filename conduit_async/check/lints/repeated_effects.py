"""Reports effects of a job that are repeated if the job fails later."""

from collections.abc import Collection, Mapping

from ... import ast
from ...analyses.walk import walk
from ...config import Config
from ...diagnostics import Problems, Related
from ...job_options import OPTIONS
from ...program import JobInfo, Program, StepInfo
from ..jobs.type_names import numbered, work_of_call
from ..wording import snippet
from .call_sites import CallSite, CallStack, call_sites


def report_repeated_effects(program: Program, config: Config, problems: Problems) -> None:
    """Warn (ASY909) about the first call of each job whose failure repeats an earlier effect.

    An effect is a service call whose result is not used. A step that has ended repeats nothing.
    """
    for info in program.resources.values():
        for hook in info.hooks:
            taken = {job.name.rpartition(".")[2] for job in hook.jobs}
            for job in hook.jobs:
                if OPTIONS["max_attempts"].of(job.options) > 1:
                    _report(program, config, job, taken, problems)


def _report(
    program: Program, config: Config, job: JobInfo, taken: Collection[str], problems: Problems
) -> None:
    """`taken` are the names of the blocks of the hook."""
    effects: list[CallSite] = []
    steps = {
        job.place_of(node): step for step in job.steps for each in step.nodes for node in walk(each)
    }
    loops = {job.place_of(e) for step in job.steps if step.takes_turns for e in step.statements}
    for site in call_sites(program.facts, job.block.body):
        if site.call.service in config.externs:
            continue
        if not site.is_handled:
            regions = _regions(site)
            first = next(
                (
                    each
                    for each in effects
                    if _is_before(each, site, regions) and not _has_ended(each, site, steps)
                ),
                None,
            )
            if first is not None:
                _warn(first, site, _new_block(site, taken), problems)
                return
        if not site.is_used and not _has_key(site):
            if not site.is_handled and _is_repeated_by_loop(site, loops):
                _warn_of_loop(site, _new_block(site, taken), problems)
                return
            effects.append(site)


def _has_ended(first: CallSite, then: CallSite, steps: Mapping[CallStack, StepInfo]) -> bool:
    """Whether the step of a call is stored before a later call begins."""
    step = _step_of(first, steps)
    return step is not None and step is not _step_of(then, steps)


def _step_of(site: CallSite, steps: Mapping[CallStack, StepInfo]) -> StepInfo | None:
    """The step of a call, or that of the call of a function which makes it."""
    place = (*site.frames, site.node)
    stacks = (place[:length] for length in range(len(place), 0, -1))
    return next((steps[each] for each in stacks if each in steps), None)


def _has_key(site: CallSite) -> bool:
    """Whether a call has a key by which the service recognizes a repeated call."""
    return any("idempotency" in name.lower() for name, _ in site.call.named)


def _regions(site: CallSite) -> dict[tuple[ast.Node, CallStack], int]:
    """The alternative that leads to a call, for each choice around it."""
    outward = site.region.outward() if site.region is not None else ()
    return {(region.choice, region.frames): region.number for region in outward}


def _is_before(
    first: CallSite, then: CallSite, regions: Mapping[tuple[ast.Node, CallStack], int]
) -> bool:
    """Whether control may reach a later call from an earlier one; `regions` are those of `then`."""
    for region in first.region.outward() if first.region is not None else ():
        number = regions.get((region.choice, region.frames))
        if number is not None and number != region.number:
            return False
        has_left = number is None and then.frames[: len(region.frames)] == region.frames
        if region.leaves and has_left:
            return False
    return True


def _is_repeated_by_loop(site: CallSite, stored: Collection[CallStack]) -> bool:
    """Whether a loop may repeat the call; the turns of the loops in `stored` are not repeated."""
    regions = [*site.region.outward()] if site.region is not None else []
    loops = (
        number
        for number, region in enumerate(regions)
        if region.is_loop and (*region.frames, region.choice) not in stored
    )
    return any(
        not any(
            region.leaves and region.frames == regions[loop].frames
            for region in regions[: loop + 1]
        )
        for loop in loops
    )


def _new_block(site: CallSite, taken: Collection[str]) -> str:
    """A block for a call. Its name keeps the lock from taking it for the block around it."""
    name = next(name for name in numbered(work_of_call(site.call)) if name not in taken)
    return f'`@async(name: "{name}") {{ … }}`'


def _warn(first: CallSite, then: CallSite, block: str, problems: Problems) -> None:
    name, earlier = _name(then), _name(first)
    message = f"when `{name}` fails, the job runs again and repeats `{earlier}`"
    if name == earlier:
        message = f"when this `{name}` fails, the job runs again and repeats the one before"
    hint = f"make it a job of its own, enqueued when this one is done: {block}"
    if then.is_used:
        hint = f"call `{name}` before, or make what follows a job of its own: {block}"
    related = [Related(first.node.span, "this is repeated")]
    if then.at is not then.node:
        related.append(Related(then.node.span, "this may fail"))
    problems.warning("ASY909", then.at.span, message, hint, *related)


def _warn_of_loop(site: CallSite, block: str, problems: Problems) -> None:
    name = _name(site)
    message = f"when one `{name}` of the loop fails, the job runs again and repeats those before"
    hint = f"make each a job of its own: {block} in the loop"
    related = [Related(site.node.span, "called here")] * (site.at is not site.node)
    problems.warning("ASY909", site.at.span, message, hint, *related)


def _name(site: CallSite) -> str:
    node = site.node
    return snippet(node.callee if isinstance(node, ast.Call) else node)
