"""All findings about a change of a package, at the levels that the configuration sets."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from ..config import BreakingLevel
from ..diagnostics import Problems
from ..suggest import did_you_mean
from .application import compare_applications
from .finding import Finding
from .job_types import PackageComparison, compare_job_types


def compare(
    both: PackageComparison, levels: Collection[BreakingLevel], problems: Problems
) -> tuple[Finding, ...]:
    """Return what changed; report a level for a job type that is in neither version (VAL512)."""
    known = both.old.jobs.keys() | both.new.jobs.keys()
    for level in levels:
        if level.job is not None and level.job not in known:
            message = f"no version has the job type `{level.job}`"
            hint = did_you_mean(level.job, known) or "remove this entry of `breaking`"
            problems.error("VAL512", both.places.setting(level.job), message, hint)
    return tuple(_leveled([*compare_applications(both), *compare_job_types(both)], levels))


def _leveled(found: Iterable[Finding], levels: Collection[BreakingLevel]) -> Iterator[Finding]:
    for finding in found:
        own = [
            each for each in levels if each.rule == finding.code and each.job in (None, finding.job)
        ]
        level = min(own, key=lambda each: each.job is None) if own else None
        if level is None:
            yield finding
        elif level.level != "ignore":
            yield replace(finding, verdict=level.level, hint=level.reason)
