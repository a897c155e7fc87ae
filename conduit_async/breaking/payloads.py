"""Findings about the payload of one job type."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..lock.model import Fields, Unreadable
from ..lock.tolerance import reads
from ..lock.upcast import NIL_CONSTANT, Converted, Loaded, NewFields, Upcast
from ..lock.upcasting import lost_values, plan_upcast
from .finding import Finding, Verdict, verdict_of
from .places import Places
from .shapes import ShapeChange, shape_changes, types_of

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
"""The hint on a change that both versions can read, by rule."""

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


@dataclass(frozen=True)
class PayloadComparison:
    """The payload of a job type, and the older shape of fingerprint `shape` to compare it with."""

    job: str
    new: Payload
    old: Fields
    shape: str
    places: Places

    def findings(self, *, is_renamed: bool) -> Iterator[Finding]:
        """Yield what changed; old workers do not know a renamed job type."""
        different = [*shape_changes(self.old, self.new.fields)]
        found = [self._finding(each) for each in different]
        verdicts: set[Verdict] = {"either", *(each.verdict for each in found)}
        verdicts |= {"workers-first"} if is_renamed else set()
        together = verdict_of(
            old_jobs_run=self._unread(self.new.fields) is None,
            new_jobs_run=not is_renamed and self._unread_by_old(self.new.fields) is None,
        )
        if together not in verdicts:
            message = f"all changes of its payload together: {_TOGETHER[together]}"
            place = self.places.job(self.job)
            found.append(Finding("BRK110", together, place, message, None, self.job))
        advice = self.new.advice.get(self.shape)
        for finding in found:
            if (finding.verdict == "never" or finding.code == "BRK112") and advice is not None:
                hint = f"{finding.hint}; {advice}" if finding.hint else advice
                finding, advice = replace(finding, hint=hint), None
            yield finding

    def unread(self) -> Finding | None:
        """Return a finding if the code no longer reads the older shape."""
        problem = self._unread(self.new.fields)
        if problem is None:
            return None
        message = f"nothing reads its earlier payload {self.shape}: {_in_words(problem)}"
        hint = (
            "such jobs wait; `conduit-jobs preflight` counts them, and when there are none, "
            "`conduitc lock prune` forgets the shape"
        )
        place = self.places.job(self.job)
        return Finding("BRK111", "either", place, message, hint, self.job, problem.field)

    def _finding(self, change: ShapeChange) -> Finding:
        job, code, path, message = self.job, change.code, change.path, change.message
        if code == "BRK101" and self.places.is_sensitive(job, path):
            code, message = "BRK109", f"{message}, since it became sensitive"
        by_new, by_old = self._unread(change.alone), self._unread_by_old(change.alone)
        verdict = verdict_of(old_jobs_run=by_new is None, new_jobs_run=by_old is None)
        earlier = self._earlier_names(path) if code == "BRK102" else []
        if by_new is not None:
            hint: str | None = f"new workers cannot run the jobs that wait: {_in_words(by_new)}"
            hint = "; ".join(filter(None, [hint, self._renamed(path, earlier)]))
        elif earlier:
            code, verdict = "BRK112", "drain-first"
            message += f", and may be {' or '.join(f'`{each}`' for each in earlier)}"
            hint = _of_waiting(change, self.old)
            hint = f"{hint}, and do not have the value that they captured"
            hint = "; ".join(filter(None, [hint, self._renamed(path, earlier)]))
        elif by_old is not None:
            hint = f"old workers cannot run the new jobs: {_in_words(by_old)}"
        else:
            hint = _KNOWN.get(code) or _of_waiting(change, self.old)
        return Finding(code, verdict, self.places.field(job, path), message, hint, job, path)

    def _earlier_names(self, path: str) -> list[str]:
        """Return the removed fields that an added field may be; none if an upcaster says it."""
        if self.shape in self.new.by_hand:
            return []
        return [name for where, name in lost_values(self.old, self.new.fields) if where == path]

    def _renamed(self, path: str, earlier: Sequence[str]) -> str:
        """Return a hint on how to say that a field of the sources was renamed."""
        if len(earlier) != 1 or not self.places.is_column(self.job, path):
            return ""
        return f'if it was called `{earlier[0]}`, say so: `@was("{earlier[0]}")`'

    def _unread(self, new: NewFields) -> Unreadable | None:
        plan = plan_upcast(self.old, new) if self.shape not in self.new.by_hand else None
        return plan if isinstance(plan, Unreadable) else None

    def _unread_by_old(self, new: NewFields) -> Unreadable | None:
        """Return why old workers cannot run new jobs; None for child jobs, which they never get."""
        return None if self.places.is_nested(self.job) else reads(self.old, types_of(new))


def _in_words(problem: Unreadable) -> str:
    return f"`{problem.field}` {problem.reason}"


def _of_waiting(change: ShapeChange, old: Fields) -> str | None:
    """Say which value waiting jobs get for a field that they lack."""
    plan = plan_upcast(old, change.alone)
    root = change.path.split(".")[0].removesuffix("[]")
    value = plan.values.get(root) if isinstance(plan, Upcast) else None
    if value is None:  # there is an upcaster
        return None
    if isinstance(value, Converted) and value.name != root:
        return f"jobs that wait have it as `{value.name}`"
    if isinstance(value, Loaded):
        return f"jobs that wait load `{root}` when they run"
    if change.code == "BRK102":
        kind = change.type
        may_be_nil = kind is not None and (kind.nullable or kind.is_untyped)
        is_nil = value == NIL_CONSTANT or (root != change.path and may_be_nil)
        return "it is nil in jobs that wait" if is_nil else "jobs that wait get its `@default`"
    return "jobs that wait get its `@default` for nil"
