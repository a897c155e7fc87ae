"""Names the job types: with names of the source, of the lock, or new names."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain, count

from ... import ast
from ...analyses.walk import walk
from ...diagnostics import Problems, Related
from ...job_options import MAX_NAME_BYTES
from ...lock.entries import of_hooks
from ...lock.matching import UnnamedBlock, identity, match, name_order
from ...lock.model import BlockIdentity, Lock, LockedJob
from ...names import CALL, dotted_prefix, snake_case
from ...program import Facts, JobInfo, Program, RecordCall, ServiceCall
from ...program.locked import locked_job
from ..queries.writes import WRITES


def name_types(program: Program, prefix: str | None, lock: Lock, problems: Problems) -> None:
    """Give every job its type's name; an unnamed block keeps its name in the lock."""
    hooks: dict[str, list[JobInfo]] = {}
    for resource in program.resources.values():
        for job in resource.jobs:
            hooks.setdefault(job.hook_name, []).append(job)
    locked: dict[str, dict[str, LockedJob]] = {}
    for name, known in of_hooks(lock.jobs, hooks):
        locked.setdefault(known.hook, {})[name] = known
    claims = [
        (name if "." in name else f"{_around(prefix, hook)}{name}", job)
        for hook, jobs in hooks.items()
        for job in jobs
        for name in job.options.get("was", ())
    ]
    for hook, jobs in hooks.items():
        around, before = (_around(each, hook) for each in (prefix, lock.prefix))
        of_resource = f"{hook.rpartition('.')[0]}."
        moved = [
            job
            for other, its_jobs in hooks.items()
            if other != hook and other.startswith(of_resource)
            for job in _new_copies(its_jobs, locked.get(other, {}).values())
        ]
        types = locked.get(hook, {})
        names = _HookNames(around, before, types, claims, moved, program.facts, problems)
        names.assign_names(jobs)


def _new_copies(jobs: Iterable[JobInfo], locked: Iterable[LockedJob]) -> Iterable[JobInfo]:
    """The blocks of a hook whose statements none of its types in the lock had."""
    had = {known.block for known in locked if not known.retired}
    return [job for job in jobs if job.statements and BlockIdentity(job.statements) not in had]


def _around(prefix: str | None, hook: str) -> str:
    resource, _, event = hook.rpartition(".")
    return f"{dotted_prefix(prefix)}{snake_case(resource)}.{event}."


class _HookNames:
    """The names of the blocks of one hook, by their last parts.

    `around` is the text before the last part, `before` that text when the lock was written.
    `locked` are the types of the hook in the lock. `claims` are the earlier names, in full, that
    blocks give by `was`. `moved` are blocks of other hooks of the resource that may have been in
    this hook.
    """

    def __init__(
        self,
        around: str,
        before: str,
        locked: Mapping[str, LockedJob],
        claims: Iterable[tuple[str, JobInfo]],
        moved: Sequence[JobInfo],
        facts: Facts,
        problems: Problems,
    ) -> None:
        self._around, self._facts, self._problems = around, facts, problems
        self._moved = moved
        own, earlier = (
            {name.removeprefix(start): job for name, job in claims if name.startswith(start)}
            for start in (around, before)
        )
        self._reserved, self._claimed = own.keys(), earlier | own
        self._current: dict[str, LockedJob] = {}
        self._gone: dict[str, LockedJob] = {}
        for name, known in locked.items():
            if not known.retired and name.startswith(before):
                self._current[name.removeprefix(before)] = known
            if name.startswith(around):
                self._gone[name.removeprefix(around)] = known
        self._first: dict[str, JobInfo] = {}

    def assign_names(self, jobs: Sequence[JobInfo]) -> None:
        named = [job for job in jobs if "name" in job.options]
        for job in named:  # first, so that no unnamed block takes the name
            wanted = job.options["name"]
            self._take(job, next(name for name in numbered(wanted) if name not in self._first))
        unnamed = {
            job: UnnamedBlock(_work(job.block, self._facts), locked_job(job))
            for job in jobs
            if "name" not in job.options
        }
        self._keep(unnamed)
        for job, block in unnamed.items():
            if not job.name:
                names = (name for name in numbered(block.work) if self._is_free(name, block))
                self._take(job, next(names))
        self._sort(unnamed)
        for job in jobs:
            self._report(job, job.options.get("name") or unnamed[job].work)

    def _take(self, job: JobInfo, name: str) -> None:
        job.name = f"{self._around}{name}"
        self._first[name] = job

    def _keep(self, unnamed: Mapping[JobInfo, UnnamedBlock]) -> None:
        """Give the blocks the names that the lock has for them."""
        left = self._current.keys() - self._first.keys() - self._claimed.keys()
        unclear = self._displaced(unnamed, left)
        unnamed = {job: block for job, block in unnamed.items() if job not in unclear}
        jobs = [*unnamed]
        found = match([*unnamed.values()], {name: self._current[name] for name in left})
        for place, name in found.names.items():
            if (rival := self._rival(self._current[name], unnamed[jobs[place]])) is None:
                self._take(jobs[place], name)
            else:
                unclear.add(jobs[place])
                known = {name: self._current[name]}
                report_unclear([jobs[place], rival], self._around, known, self._problems)
        for each in found.unclear:
            blocks = [jobs[place] for place in each.blocks]
            unclear.update(blocks)
            known = {name: self._current[name] for name in each.names}
            report_unclear(blocks, self._around, known, self._problems)
        for job, block in unnamed.items():
            if job.name or job in unclear:
                continue
            if (returned := self._returned(block)) is not None:
                self._take(job, returned)

    def _rival(self, known: LockedJob, block: UnnamedBlock) -> JobInfo | None:
        """The block with a type's statements that has a new name, or moved, if `block` changed."""
        if known.block is None or not known.block.statements or known.block == block.job.block:
            return None
        new = (
            job
            for name, job in self._first.items()
            if "name" in job.options and name not in self._current
        )
        rivals = (job for job in (*new, *self._moved) if "was" not in job.options)
        return next((job for job in rivals if BlockIdentity(job.statements) == known.block), None)

    def _displaced(
        self, unnamed: Mapping[JobInfo, UnnamedBlock], left: Collection[str]
    ) -> set[JobInfo]:
        """Report unchanged blocks whose type another block claims by `name` or `was`."""
        found: set[JobInfo] = set()
        theirs = {self._current[name].block for name in left}
        for name in sorted(self._current.keys() - left, key=name_order):
            known = self._current[name]
            owner = self._first.get(name) or self._claimed[name]
            if known.block is None or not known.block.statements or known.block in theirs:
                continue
            if BlockIdentity(owner.statements) == known.block:
                continue
            same = [job for job, each in unnamed.items() if each.job.block == known.block]
            if same and found.isdisjoint(same):
                found.update(same)
                report_unclear([*same, owner], self._around, {name: known}, self._problems)
        return found

    def _returned(self, block: UnnamedBlock) -> str | None:
        """The name of a retired type that had the same statements and payload."""
        found = (
            name
            for name, known in self._gone.items()
            if known.retired and block.statements and known.block == block.job.block
        )
        free = (name for name in found if self._is_free(name, block))
        return min(free, key=lambda name: (name != block.work, name_order(name)), default=None)

    def _is_free(self, name: str, block: UnnamedBlock) -> bool:
        """Whether a new block may take a name; a type of the lock must have had its payload."""
        if name in self._first or name in self._reserved:
            return False
        return name not in self._gone or block.job.shape in self._gone[name].shapes

    def _sort(self, unnamed: Mapping[JobInfo, UnnamedBlock]) -> None:
        """Give identical blocks their names in the order of the source."""
        same: dict[tuple[object, ...], list[JobInfo]] = {}
        for job, block in unnamed.items():
            same.setdefault(identity(block), []).append(job)
        for jobs in same.values():
            names = sorted((job.name.removeprefix(self._around) for job in jobs), key=name_order)
            for job, name in zip(jobs, names, strict=True):
                self._take(job, name)

    def _report(self, job: JobInfo, wanted: str) -> None:
        header, own = job.block.header, job.name.removeprefix(self._around)
        if own != wanted and wanted in self._first:
            wanted_name = f"{self._around}{wanted}"
            message = f"another block is called `{wanted_name}`, so this one became `{job.name}`"
            hint = f'name it, and it runs its queued jobs too: `@async(name: "…", was: "{own}")`'
            note = f"`{wanted_name}` is this one"
            if "name" in job.options:
                hint = (
                    "give one of the two another name: the number moves when blocks are reordered"
                )
                note = "the first one of this name"
            related = Related(self._first[wanted].block.header, note)
            self._problems.warning("ASY901", header, message, hint, related)
        if len(job.name.encode()) > MAX_NAME_BYTES:
            message = f"the job type's name has more than {MAX_NAME_BYTES} bytes: `{job.name}`"
            self._problems.error("VAL504", header, message, 'shorten it: `@async(name: "…")`')


def numbered(name: str) -> Iterable[str]:
    """The name, and then the names with a number for those for whom it is taken."""
    return chain([name], (f"{name}_{number}" for number in count(2)))


def _work(block: ast.Async, facts: Facts) -> str:
    """The name of a block's work: its first service call, else its first write, else `job`."""
    write: str | None = None
    for node in walk(block.body, ast.Async):
        match facts.resolutions.get(node):
            case ServiceCall() as call:
                return work_of_call(call)
            case RecordCall(operation=operation) as call if operation in WRITES and write is None:
                write = f"{snake_case(operation)}_{snake_case(call.resource)}"
    return write or "job"


def work_of_call(call: ServiceCall) -> str:
    """The name of the work of a block that begins with this call."""
    what = snake_case(call.service)
    return what if call.method == CALL else f"{what}_{snake_case(call.method)}"


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
