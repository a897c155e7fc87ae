"""Reports blocks whose job type the lock does not show."""

from collections.abc import Mapping, Sequence

from ...diagnostics import Problems, Related
from ...lock.model import LockedJob
from ...program import JobInfo

_SHOWN = 5


def report_unclear(
    blocks: Sequence[JobInfo], around: str, types: Mapping[str, LockedJob], problems: Problems
) -> None:
    """Ask for a `name:` (ASY905), since the blocks may be some of the types.

    The keys of `types` are the last parts of their names; `around` is the text before them.
    """
    first, *others = blocks
    listed = ", or ".join(_described(around, name, known) for name, known in types.items())
    subject = "each of these blocks" if others else "this block"
    message = f"{subject} may be the job type {listed}"
    names = " or ".join(f'`name: "{name}"`' for name in types)
    hint = f"if it is, write {names} in its `@async(…)`; if it is new, give it another name"
    if others:
        hint = f"write {names} in the `@async(…)` of the one that is, and name a new one otherwise"
    if any(job.hook_name != first.hook_name for job in others):
        was = " or ".join(f'`was: "{around}{name}"`' for name in types)
        hint = f"write {names} in its `@async(…)`, or {was} in that of the other hook's block"
        hint += ", and name a new one otherwise"
    related = [Related(job.block.header, "this one may be, too") for job in others[:_SHOWN]]
    problems.error("ASY905", first.block.header, message, hint, *related)


def _described(around: str, name: str, known: LockedJob) -> str:
    fields = [*known.shapes[known.shape]]
    shown = ", ".join(f"`{field}`" for field in fields[:_SHOWN])
    more = f" and {len(fields) - _SHOWN} more" if len(fields) > _SHOWN else ""
    captured = f"which captured {shown}{more}" if fields else "which captured nothing"
    return f"`{around}{name}`, {captured}"
