"""Findings about calls and writes that jobs of a type no longer make."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..lock.model import LockedJob
from .finding import Finding
from .places import Places

_MOVED = (
    "the new code does not make these calls for jobs that wait; "
    "for new jobs, old workers make them twice"
)
_MERGED = (
    "the new code makes these calls twice for jobs that wait; "
    "for new jobs, old workers do not make them"
)
_DROPPED = (
    "the new code does not make these calls for jobs that wait: "
    "if they must be made, let the old workers finish these jobs"
)
_SHOWN = 5


def compare_calls(
    old: Mapping[str, LockedJob],
    new: Mapping[str, LockedJob],
    before: Mapping[str, str | None],
    of_hooks: Iterable[str],
    places: Places,
) -> Iterator[Finding]:
    """Yield what jobs of each type no longer call, and what they call for a removed type.

    `before` has the old name of each new type, None for one that was added. `of_hooks` are the
    calls that hooks make themselves.
    """
    kept = {name: earlier for name, earlier in before.items() if earlier is not None}
    gained = {
        name: Counter(job.calls) - Counter(old[kept[name]].calls if name in kept else ())
        for name, job in new.items()
    }
    elsewhere = {*of_hooks}.union(*gained.values())
    removed = set[str]().union(*(old[name].calls for name in old.keys() - {*kept.values()}))
    for name, earlier in sorted(kept.items()):
        place, had, now = places.job(name), Counter(old[earlier].calls), Counter(new[name].calls)
        lost = {
            each: f"`{each}`" if each not in now else f"`{each}` ({count} of {had[each]} places)"
            for each, count in sorted((had - now).items())
        }
        if moved := [shown for each, shown in lost.items() if each in elsewhere]:
            message = f"its jobs no longer call {_listed(moved)}, but other code does now"
            yield Finding("BRK125", "drain-first", place, message, _MOVED, name)
        if dropped := [shown for each, shown in lost.items() if each not in elsewhere]:
            message = f"its jobs no longer call {_listed(dropped)}"
            yield Finding("BRK125", "either", place, message, _DROPPED, name)
        if merged := [f"`{each}`" for each in sorted(gained[name].keys() & removed)]:
            message = f"its jobs call {_listed(merged)} now, as jobs of a removed type did"
            yield Finding("BRK125", "drain-first", place, message, _MERGED, name)


def _listed(calls: Sequence[str]) -> str:
    shown = ", ".join(calls[:_SHOWN])
    return shown + (f" and {len(calls) - _SHOWN} more" if len(calls) > _SHOWN else "")
