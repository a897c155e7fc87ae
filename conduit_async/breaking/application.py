"""All findings about a change of a package: about its interface, and at the configured levels."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from ..config import BreakingLevel
from ..diagnostics import Problems
from ..lock.model import Lock, Services
from ..suggest import did_you_mean
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


_START = "a worker refuses to start while its services lack it"
_HOOKS = "the hooks that call it need it in `services=`"


def compare_applications(both: PackageComparison) -> Iterator[Finding]:
    """Yield the findings that do not belong to one job type."""
    old, new = both.old, both.new
    if old.jobs:
        yield from _names(both)
    for hook in sorted({*old.hooks} - {*new.hooks}):
        message = f"the hook `{hook}` was removed"
        hint = "the application must no longer call it"
        yield Finding("BRK130", "either", both.places.hook(hook), message, hint)
    for hook in sorted({*new.hooks} - {*old.hooks}):
        message = f"the hook `{hook}` is new"
        hint = "nothing is enqueued until the application calls it"
        yield Finding("BRK131", "either", both.places.hook(hook), message, hint)
    yield from _services(both)


def _names(both: PackageComparison) -> Iterator[Finding]:
    for code, key in (("BRK132", "prefix"), ("BRK133", "schema")):
        before, now = getattr(both.old, key), getattr(both.new, key)
        if before != now:
            what = f"`{key}` was {_value(before)}, and is {_value(now)}"
            hint = {
                "prefix": "workers of one version do not know the job types of the other",
                "schema": "workers of one version do not see the tables of the other",
            }[key]
            yield Finding(code, "drain-first", both.places.setting(key), what, hint)


def _value(setting: str | None) -> str:
    return "not set" if setting is None else f"`{setting}`"


def _services(both: PackageComparison) -> Iterator[Finding]:
    old, new = _members(both.old), _members(both.new)
    for service in sorted(old.keys() | new.keys()):
        before, now = old.get(service, {}), new.get(service, {})
        of_jobs = service in both.new.services
        hint = _START if of_jobs else _HOOKS
        if of_jobs and service in both.old.hook_services:
            place = both.places.call(service)
            yield Finding("BRK141", "either", place, f"`{service}` is called by jobs now", hint)
        for method in sorted(before.keys() | now.keys()):
            if method in before and method in now:
                yield from _arguments(both, service, method, before[method], now[method])
                continue
            name = f"`{service}.{method}`" if method else f"`{service}`"
            place = both.places.call(service, method)
            if method in now:
                yield Finding("BRK141", "either", place, f"{name} is called now", hint)
            else:
                why = "old workers call it until they are replaced"
                yield Finding("BRK140", "either", place, f"{name} is no longer called", why)


def _members(lock: Lock) -> Services:
    """Return the methods of each service; a value has none."""
    services = {**lock.hook_services, **lock.services}
    return {name: methods or {"": ()} for name, methods in services.items()}


def _arguments(
    both: PackageComparison,
    service: str,
    method: str,
    before: tuple[str, ...],
    now: tuple[str, ...],
) -> Iterator[Finding]:
    old, new = _optional(before), _optional(now)
    place = both.places.call(service, method)

    def finding(code: str, name: str, what: str, hint: str) -> Finding:
        argument = f"argument {name}" if name.isdigit() else f"the argument `{name}`"
        return Finding(code, "either", place, f"{argument} of `{service}.{method}` {what}", hint)

    for name in [each for each in old if each not in new]:
        yield finding("BRK142", name, "is no longer given", "it must not require it")
    for name in [each for each in new if each not in old]:
        yield finding("BRK143", name, "is new", "it must accept it before the new code calls it")
    for name in [each for each in new if old.get(each, new[each]) != new[each]]:
        if new[name]:
            what, hint = "is left out by some calls now", "it must not require it"
        else:
            what, hint = "is given by every call now", "it may require it"
        yield finding("BRK144", name, what, hint)


def _optional(arguments: tuple[str, ...]) -> Mapping[str, bool]:
    """Return for each argument's name whether some call leaves it out."""
    return {name.removesuffix("?"): name.endswith("?") for name in arguments}
