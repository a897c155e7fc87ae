"""Findings about the steps of a block: behind which of them jobs can go on with the new code."""

from collections.abc import Iterator, Sequence
from itertools import takewhile

from ..lock.model import RESCUED, LockedJob, LockedStep
from ..lock.tolerance import reads
from .finding import Finding
from .places import Places


def compare_steps(
    name: str, before: LockedJob, job: LockedJob, places: Places
) -> Iterator[Finding]:
    """Yield what keeps jobs that were stopped behind a step of the old code from going on.

    A job goes on if the new code reaches the steps that it has finished before any other step. If
    not, an attempt notices it before an effect, and leaves the job waiting for other code.
    """
    old, new = _stored(before), _stored(job)
    place = places.job(name)
    waiting, unsure = _stopped(old, new)
    if waiting or unsure:
        message = f"its steps changed: {'; '.join(_changes(old, new, job))}"
        hint = _hint(old, waiting, unsure)
        yield Finding("BRK126", "drain-first", place, message, hint, name)
    now = {each.name: each for each in new}
    for number, step in enumerate(old):
        if step.name in now and (problem := _unread(step, now[step.name])):
            message = f"what the step `{step.name}` keeps changed: {problem}"
            waiting, unsure = old[number:], []
            if step.within or _is_in_rescue(step, now[step.name]):
                waiting, unsure = [], waiting
            hint = _hint(old, waiting, unsure)
            yield Finding("BRK127", "drain-first", place, message, hint, name)


def _stored(job: LockedJob) -> list[LockedStep]:
    return [each for each in job.steps or () if each.kept is not None]


def _stopped(
    old: Sequence[LockedStep], new: Sequence[LockedStep]
) -> tuple[list[LockedStep], list[LockedStep]]:
    """The old steps behind which jobs wait, and those where it depends on the branches taken."""
    within = {each.name: each.within for each in new}
    waiting: list[LockedStep] = []
    unsure: list[LockedStep] = []
    for step in old:
        before, now = ([each for each in steps if _precedes(each, step)] for steps in (old, new))
        count = before.index(step) + 1
        done, reached = before[:count], now[:count]
        is_same = {each.name for each in done} == {each.name for each in reached}
        if (
            is_same
            and all(within[each.name] == each.within for each in done)
            and all(_first(before, loop) == _first(now, loop) for loop in _loops(step))
        ):
            continue
        branches = [each.within or within.get(each.name) for each in (*done, *reached)]
        (unsure if any(branches) or _is_loop(step.name) else waiting).append(step)
    return waiting, unsure


def _precedes(one: LockedStep, other: LockedStep) -> bool:
    """Whether a job behind the other step may have a record of this one, if it comes first.

    The records of steps in a loop go with the end of its turn.
    """
    loop, slash, _ = one.name.rpartition("/")
    return other.name.startswith(f"{loop}{slash}")


def _loops(step: LockedStep) -> list[str]:
    """The names of the loops around a step, and its own if it is a loop."""
    parts = step.name.split("/")
    names = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return [name for name in names if _is_loop(name)]


def _is_loop(name: str) -> bool:
    return name.rpartition("/")[2].startswith("for ")


def _first(steps: Sequence[LockedStep], loop: str) -> set[str]:
    """The steps before a loop; all of them have ended when a step in it begins."""
    return {each.name for each in takewhile(lambda each: each.name != loop, steps)}


def _changes(old: Sequence[LockedStep], new: Sequence[LockedStep], job: LockedJob) -> Iterator[str]:
    before, now = [each.name for each in old], [each.name for each in new]
    gone = [each for each in before if each not in now]
    added = [each for each in now if each not in before]
    renamed = len(gone) == len(added) == 1 and before.index(gone[0]) == now.index(added[0])
    unrecorded = {each.name for each in job.steps or () if each.kept is None}
    if renamed and gone[0] not in unrecorded:
        said = f'`@async(steps_were: {{ "{added[0]}": "{gone[0]}" }})`'
        yield f"`{gone[0]}` is called `{added[0]}` now (if it is the same, say so: {said})"
    else:
        for name in gone:
            what = (
                "has no record now, since no effect follows it" if name in unrecorded else "is gone"
            )
            yield f"`{name}` {what}"
        for name in added:
            rest = [each for each in now[now.index(name) + 1 :] if each in before]
            if rest:
                yield f"`{name}` comes before `{rest[0]}` now"
    kept = [each for each in before if each in now]
    moved = [each for each in now if each in before]
    for name, other in zip(kept, moved, strict=True):
        if name != other:
            yield f"`{other}` stands where `{name}` stood"
            break
    within = {each.name: each.within for each in new}
    for step in old:
        if within.get(step.name, step.within) != step.within:
            yield f"other conditions lead to `{step.name}`"


def _unread(old: LockedStep, new: LockedStep) -> str:
    """Why the new code cannot read what the old code keeps behind a step; "" if it can."""
    if old.pause != new.pause:
        before, now = (each.pause or "step without a pause" for each in (old, new))
        return f"it was a {before}, and is a {now}"
    if _is_in_rescue(old, new):
        return "a `rescue` with effects followed it"
    kept = old.kept or {}
    for path, kind in (new.kept or {}).items():
        if path not in kept:
            return f"the code below it uses `{path}` now"
        if reads({path: kind}, {path: kept[path]}) is not None:
            return f"`{path}` was {kept[path]}, and is {kind}"
    return ""


def _is_in_rescue(old: LockedStep, new: LockedStep) -> bool:
    """Whether a job may be in the block of a `rescue` that the new code does not come to."""
    return RESCUED in (old.kept or {}) and RESCUED not in (new.kept or {})


def _hint(
    old: Sequence[LockedStep], waiting: Sequence[LockedStep], unsure: Sequence[LockedStep]
) -> str:
    """Say what happens to the jobs that were stopped behind each step."""
    going = [each for each in old if each not in waiting and each not in unsure]
    parts = []
    if waiting:
        parts.append(f"behind {_listed(waiting)} wait until the old code finishes them")
    if unsure:
        taken = "the branches and the turns that they take"
        parts.append(f"behind {_listed(unsure)} may wait, which depends on {taken}")
    if going:
        parts.append(f"behind {_listed(going)} go on")
    return f"jobs that were stopped {', those '.join(parts)}"


def _listed(steps: Sequence[LockedStep]) -> str:
    *first, last = (f"`{each.name}`" for each in steps)
    return f"{', '.join(first)} or {last}" if first else last
