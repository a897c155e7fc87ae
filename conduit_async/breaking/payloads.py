"""Findings about the payload of one job type."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ..lock.model import Fields, Unreadable
from ..lock.tolerance import reads
from ..lock.upcasting import NIL, Loaded, NewFields, Upcast, plan_upcast
from .finding import Finding, Verdict, verdict_of
from .places import Places
from .shapes import Change, changes, types_of

_NIL = "until they are replaced, old workers run new jobs with nil for it"
_SHOWN = "the payloads and the stored errors of jobs that were enqueued before show it"
_KNOWN = {
    "BRK101": _NIL,
    "BRK103": _NIL,
    "BRK104": "both versions convert it",
    "BRK107": "jobs that wait may still have it",
    "BRK108": "old workers may get it too: see what their code does with it",
    "BRK109": f"{_SHOWN}: `conduit-jobs jobs purge` removes them",
}
"""What to know of a change that both versions can read."""

_TOGETHER: dict[Verdict, str] = {
    "workers-first": "old workers cannot run the new jobs",
    "web-first": "new workers cannot run the old jobs",
    "never": "neither version can run the jobs of the other",
}


@dataclass(frozen=True)
class Payload:
    """The current payload of a job type.

    `by_hand` are the fingerprints of the older shapes that have an upcaster written by hand.
    `advice` says by fingerprint which upcaster to write.
    """

    fields: NewFields
    by_hand: Collection[str] = field(default_factory=frozenset)
    advice: Mapping[str, str] = field(default_factory=dict)


def compare_payload(
    job: str, new: Payload, old: Fields, shape: str, places: Places, *, is_renamed: bool
) -> Iterator[Finding]:
    """Findings about a payload that had the shape `old`, whose fingerprint is `shape`.

    Old workers know no job type that was renamed.
    """
    found = [_finding(job, each, new, old, shape, places) for each in changes(old, new.fields)]
    verdicts: set[Verdict] = {"either", *(each.verdict for each in found)}
    verdicts |= {"workers-first"} if is_renamed else set()
    together = verdict_of(
        old_jobs_run=_unread_by_new(new, old, shape) is None,
        new_jobs_run=not is_renamed and reads(old, types_of(new.fields)) is None,
    )
    if together not in verdicts:
        message = f"all changes of its payload together: {_TOGETHER[together]}"
        found.append(Finding("BRK110", together, places.job(job), message, None, job))
    advice = new.advice.get(shape)
    for finding in found:
        if finding.verdict == "never" and advice is not None:
            hint = f"{finding.hint}; {advice}" if finding.hint else advice
            finding, advice = replace(finding, hint=hint), None
        yield finding


def unread_shape(job: str, new: Payload, old: Fields, shape: str, places: Places) -> Finding | None:
    """A finding about an earlier shape that the code no longer reads."""
    problem = _unread_by_new(new, old, shape)
    if problem is None:
        return None
    message = f"nothing reads its earlier payload {shape}: {_in_words(problem)}"
    hint = (
        "such jobs wait; `conduit-jobs preflight` counts them, and when there are none, "
        "`conduitc lock prune` forgets the shape"
    )
    return Finding("BRK111", "either", places.job(job), message, hint, job, problem.field)


def _finding(
    job: str, change: Change, new: Payload, old: Fields, shape: str, places: Places
) -> Finding:
    code, message = change.code, change.message
    if code == "BRK101" and places.is_sensitive(job, change.path):
        code, message = "BRK109", f"{message}, since it became sensitive"
    alone = Payload(change.alone, new.by_hand)
    by_new = _unread_by_new(alone, old, shape)
    by_old = reads(old, types_of(change.alone))
    verdict = verdict_of(old_jobs_run=by_new is None, new_jobs_run=by_old is None)
    if by_new is not None:
        hint: str | None = f"new workers cannot run the jobs that wait: {_in_words(by_new)}"
    elif by_old is not None:
        hint = f"old workers cannot run the new jobs: {_in_words(by_old)}"
    else:
        hint = _KNOWN.get(code) or _of_waiting(change, old)
    return Finding(code, verdict, places.field(job, change.path), message, hint, job, change.path)


def _unread_by_new(new: Payload, old: Fields, shape: str) -> Unreadable | None:
    plan = plan_upcast(old, new.fields) if shape not in new.by_hand else None
    return plan if isinstance(plan, Unreadable) else None


def _in_words(problem: Unreadable) -> str:
    return f"`{problem.field}` {problem.reason}"


def _of_waiting(change: Change, old: Fields) -> str | None:
    """What the jobs that wait take for a value that they lack."""
    plan = plan_upcast(old, change.alone)
    root = change.path.split(".")[0].removesuffix("[]")
    value = plan.values.get(root) if isinstance(plan, Upcast) else None
    if value is None:  # there is an upcaster
        return None
    if isinstance(value, Loaded):
        return f"jobs that wait load `{root}` when they run"
    if change.code == "BRK102":
        is_nil = value == NIL or (root != change.path and change.is_nullable)
        return "it is nil in jobs that wait" if is_nil else "jobs that wait get its `@default`"
    return "jobs that wait get its `@default` for nil"
