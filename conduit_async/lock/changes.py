"""Describes how a lock differs from the previous one: a line for each job type."""

from collections.abc import Iterator, Mapping

from ..job_options import TYPE_OPTIONS, Option, Role
from .model import Fields, FieldType, Lock, LockedJob

_SHOWN: tuple[Role, ...] = ("stored", "worker", "limit", "batch")


def lock_changes(old: Lock, new: Lock) -> Iterator[str]:
    """Yield `+ added`, `- gone` and `~ changed: title removed, queue mail -> email`, by name."""
    before, after = old.current, new.current
    gone = {name: job for name, job in before.items() if name not in after}
    for name in sorted({*before, *after}):
        if name not in after:
            yield f"- {name}"
        elif name not in before:
            yield f"+ {name}{_origin(after[name], gone)}"
        elif found := [*_differences(before[name], after[name])]:
            yield f"~ {name}: {', '.join(found)}"


def _origin(job: LockedJob, gone: Mapping[str, LockedJob]) -> str:
    """Return a note if a type has, or may have, another name in the old lock."""
    if job.was:
        return f", which runs the jobs of {', '.join(job.was)}"
    same = [name for name, each in gone.items() if job.has_block_of(each)]
    if len(same) != 1:
        return ""
    return f', with the block of {same[0]} (to run its jobs, too: `@async(was: "{same[0]}")`)'


def _differences(old: LockedJob, new: LockedJob) -> Iterator[str]:
    yield from _fields(old.shapes[old.shape], new.shapes[new.shape], "")
    if old.queue != new.queue:
        yield f"queue {old.queue} -> {new.queue}"
    yield from changed_options(old, new)
    if (before := _steps(old)) != (after := _steps(new)):
        yield f"steps {before} -> {after}"
    if old.was != new.was and new.was:
        yield f"was {', '.join(new.was)}"


def _steps(job: LockedJob) -> str:
    """Return the steps of a job with the values that each keeps: `charge (id), mail.send`."""
    steps = [each for each in job.steps or () if each.kept is not None]
    kept = {each.name: f" ({', '.join(each.kept)})" if each.kept else "" for each in steps}
    return ", ".join(f"{name}{values}" for name, values in kept.items()) or "none"


def changed_options(old: LockedJob, new: LockedJob) -> Iterator[str]:
    """Yield the options that differ, other than the queue: `timeout none -> 60 s`."""
    for option in options_that_differ(old, new):
        before, after = _value(option.of(old.options)), _value(option.of(new.options))
        yield f"{option.name} {before} -> {after}"


def options_that_differ(old: LockedJob, new: LockedJob) -> list[Option]:
    """Return the options that differ, other than the queue, by their role."""
    found = [
        option
        for option in TYPE_OPTIONS.values()
        if option.role in _SHOWN and option.of(old.options) != option.of(new.options)
    ]
    return sorted(found, key=lambda option: _SHOWN.index(option.role))


def _value(value: object) -> str:
    """Return an option's value in words; a float is a number of seconds."""
    if isinstance(value, tuple):
        return " ".join(value) or "none"
    return "none" if value is None else f"{value:g} s" if isinstance(value, float) else str(value)


def _fields(old: Fields, new: Fields, path: str) -> Iterator[str]:
    for name in sorted(old.keys() - new.keys()):
        yield f"{path}{name} removed"
    for name in sorted(new.keys() - old.keys()):
        yield f"{path}{name} added"
    for name in sorted(old.keys() & new.keys()):
        yield from _type(old[name], new[name], f"{path}{name}")


def _type(old: FieldType, new: FieldType, path: str) -> Iterator[str]:
    if old.sensitive != new.sensitive:
        yield f"{path} is {'' if new.sensitive else 'not '}sensitive"
    if old.kind == new.kind == "enum" and old.nullable == new.nullable:
        yield from (f"{path} without {each}" for each in sorted({*old.values} - {*new.values}))
        yield from (f"{path} with {each}" for each in sorted({*new.values} - {*old.values}))
    elif (before := str(old)) != (after := str(new)):
        yield f"{path} {before} -> {after}"
    elif old.item is not None and new.item is not None:
        yield from _type(old.item, new.item, f"{path}[]")
        if old.shape != new.shape:
            yield f"{path} holds other types"
    else:
        yield from _fields(old.fields, new.fields, f"{path}.")
