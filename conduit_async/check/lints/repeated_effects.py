"""Reports effects of a job that are repeated if the job fails later."""

from collections.abc import Mapping

from ... import ast
from ...config import Config
from ...diagnostics import Problems, Related
from ...program import JobInfo, Program
from ..wording import snippet
from .service_calls import Calling, Frames, service_calls


def report_repeated_effects(program: Program, config: Config, problems: Problems) -> None:
    """Warn (ASY909) about the first call of each job whose failure repeats an earlier effect.

    An effect is a service call whose result is not used.
    """
    for info in program.resources.values():
        for job in (job for job in info.jobs if job.max_attempts > 1):
            _report(program, config, job, problems)


def _report(program: Program, config: Config, job: JobInfo, problems: Problems) -> None:
    effects: list[Calling] = []
    for calling in service_calls(program.facts, job.block.body):
        if calling.call.service in config.externs:
            continue
        if not calling.is_handled:
            arms = _arms(calling)
            first = next((each for each in effects if _is_before(each, calling, arms)), None)
            if first is not None:
                _warn(first, calling, problems)
                return
        if not calling.is_used and not _has_key(calling):
            if not calling.is_handled and _is_repeated_by_loop(calling):
                _warn_of_loop(calling, problems)
                return
            effects.append(calling)


def _has_key(calling: Calling) -> bool:
    """Whether a call has a key by which the service recognizes a repeated call."""
    return any("idempotency" in name.lower() for name, _ in calling.call.named)


def _arms(calling: Calling) -> dict[tuple[ast.Node, Frames], int]:
    """The alternative that leads to a call, for each choice around it."""
    outward = calling.arm.outward() if calling.arm is not None else ()
    return {(arm.choice, arm.frames): arm.number for arm in outward}


def _is_before(first: Calling, then: Calling, arms: Mapping[tuple[ast.Node, Frames], int]) -> bool:
    """Whether control may reach a later call from an earlier one; `arms` are those of `then`."""
    for arm in first.arm.outward() if first.arm is not None else ():
        number = arms.get((arm.choice, arm.frames))
        if number is not None and number != arm.number:
            return False
        has_left = number is None and then.frames[: len(arm.frames)] == arm.frames
        if arm.leaves and has_left:
            return False
    return True


def _is_repeated_by_loop(calling: Calling) -> bool:
    """Whether a loop may make the call more than once."""
    arms = [*calling.arm.outward()] if calling.arm is not None else []
    loops = (number for number, arm in enumerate(arms) if arm.is_loop)
    return any(
        not any(arm.leaves and arm.frames == arms[loop].frames for arm in arms[: loop + 1])
        for loop in loops
    )


def _warn(first: Calling, then: Calling, problems: Problems) -> None:
    name, earlier = _name(then), _name(first)
    message = f"when `{name}` fails, the job runs again and repeats `{earlier}`"
    if name == earlier:
        message = f"when this `{name}` fails, the job runs again and repeats the one before"
    hint = "make it a job of its own, enqueued when this one is done: `@async { … }`"
    if then.is_used:
        hint = f"call `{name}` before, or make what follows a job of its own: `@async {{ … }}`"
    related = [Related(first.node.span, "this is repeated")]
    if then.at is not then.node:
        related.append(Related(then.node.span, "this may fail"))
    problems.warning("ASY909", then.at.span, message, hint, *related)


def _warn_of_loop(calling: Calling, problems: Problems) -> None:
    name = _name(calling)
    message = f"when one `{name}` of the loop fails, the job runs again and repeats those before"
    hint = "make each a job of its own: `@async { … }` in the loop"
    related = [Related(calling.node.span, "called here")] * (calling.at is not calling.node)
    problems.warning("ASY909", calling.at.span, message, hint, *related)


def _name(calling: Calling) -> str:
    node = calling.node
    return snippet(node.callee if isinstance(node, ast.Call) else node)
