"""Reports decisions of a delayed job on values from when the job was enqueued."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from ... import ast
from ...analyses.walk import children, field_path, is_on_self, own_nodes, walk
from ...diagnostics import Problems, Related
from ...program import (
    ChangeCall,
    FunctionCall,
    FunctionInfo,
    JobInfo,
    Local,
    Program,
    RecordCall,
    RecordColumn,
    RelationUse,
    ResourceInfo,
    SelfColumn,
    ServiceCall,
    StructField,
)
from ...types import ANY, BOOL, Record, required
from ..fields import marked_fields
from ..wording import snippet
from .decisions import decisions, nil_tested
from .field_uses import WHOLE, assigned_fields, used_fields


def report_stale_decisions(program: Program, problems: Problems) -> None:
    """Warn (ASY907) about conditions of delayed jobs on fields that may have changed since."""
    for info in program.resources.values():
        jobs = (j for hook in info.hooks if hook.node.event != "delete" for j in hook.jobs)
        for job in jobs:
            delayed: JobInfo | None = job
            while delayed is not None and _delay(delayed) is None:
                delayed = delayed.parent  # a nested job gets its values from the job around it
            if delayed is not None:
                _DelayedJob(program, info, job, delayed).report(problems)


def _delay(job: JobInfo) -> ast.Argument | None:
    """The option that delays a job: `delay` or `run_at`."""
    for option in job.block.options:
        name = option.name.text if option.name is not None else ""
        if name in ("delay", "run_at") and job.options.get(name):
            return option
    return None


@dataclass(frozen=True)
class _CapturedRead:
    """A read of a captured field of a record; `at` is its place in the condition."""

    at: ast.Node
    node: ast.Node
    resource: ResourceInfo
    record: str
    names: tuple[str, ...]

    @property
    def hint(self) -> str:
        """The hint what to write instead."""
        found = f"{self.resource.name}.find({self.record}.{self.resource.primary_key})"
        present = f"`{found}?.{'.'.join(self.names)}`"
        return f"read the present value, {present}, or take the old one by a `let` before the block"


@dataclass(frozen=True)
class _DelayedJob:
    """A job that is delayed or is inside a delayed job; `delayed` is the delayed job."""

    program: Program
    info: ResourceInfo
    job: JobInfo
    delayed: JobInfo

    def report(self, problems: Problems) -> None:
        """Report each field on which the job or a function that it calls decides."""
        option = _delay(self.delayed)
        assert option is not None
        later = Related(option.span, "the job runs later")
        body = self.job.block.body
        reads: dict[tuple[str, tuple[str, ...]], _CapturedRead] = {}
        for read in self._stale(own_nodes(body), body, self.job):
            reads.setdefault((read.record, read.names), read)
        for read in reads.values():
            message = f"the job decides on what `{snippet(read.node)}` was when it was enqueued"
            problems.warning("ASY907", read.at.span, message, read.hint, later)
        for node, function in self._called(own_nodes(body)):
            found = next(self._in_function(function, {function}), None)
            if found is not None:
                what = f"`{snippet(found.node)}` was when the job was enqueued"
                message = f"`{function.name}` decides on what {what}"
                here = Related(found.at.span, "it decides here")
                problems.warning("ASY907", node.span, message, found.hint, here, later)

    def _called(self, nodes: Iterable[ast.Node]) -> Iterator[tuple[ast.Node, FunctionInfo]]:
        """The called functions of the record that use a service or the database."""
        for node in nodes:
            match self.program.facts.resolutions.get(node):
                case FunctionCall(function=function) if is_on_self(node):
                    if function.uses_services or function.uses_database:
                        yield node, function

    def _in_function(
        self, function: FunctionInfo, seen: set[FunctionInfo]
    ) -> Iterator[_CapturedRead]:
        yield from self._stale(walk(function.body), function.body, None)
        for _, called in self._called(walk(function.body)):
            if called not in seen:
                seen.add(called)
                yield from self._in_function(called, seen)

    def _stale(
        self, nodes: Iterable[ast.Node], body: ast.Block, job: JobInfo | None
    ) -> Iterator[_CapturedRead]:
        """The captured fields that the conditions among some nodes of a body read."""
        facts = self.program.facts
        found = [*decisions(nodes)]
        used: frozenset[tuple[str, str]] | None = None
        conditions = {each for each in found if not isinstance(each, ast.Match)}
        for each in found:
            if isinstance(each, ast.Match):
                yield from self._reads(each.subject, job)
                continue
            reads = self._reads(each, job)
            is_bool = required(facts.types.get(each, ANY)) == BOOL
            if len(reads) == 1 and (nil_tested(each) is not each or not is_bool):
                used = used_fields(facts, body, conditions) if used is None else used
                if (reads[0].record, reads[0].names[0]) in used or WHOLE in used:
                    continue  # the job needs this value: the test is whether there is one
            yield from reads

    def _reads(self, condition: ast.Expr, job: JobInfo | None) -> list[_CapturedRead]:
        """The captured fields on which a condition depends.

        There are none if the condition also depends on a row that the job loads, on the result of
        a service or on change tracking.
        """
        facts = self.program.facts
        found: list[_CapturedRead] = []
        pending: list[tuple[ast.Node, ast.Node | None]] = [(condition, None)]
        seen: set[Local] = set()
        while pending:
            node, through = pending.pop()
            at = through or node
            match node, facts.resolutions.get(node):
                case _, ChangeCall() | RelationUse() | RecordCall() | ServiceCall():
                    return []
                case ast.Member(), SelfColumn() | StructField() | RecordColumn():
                    root, names = field_path(facts, node)
                    owner, record = self._captured(root)
                    if owner is None and isinstance(facts.resolutions.get(node), RecordColumn):
                        return []
                    if owner is None:
                        pending.append((root, through))
                    elif self._may_change(owner, names[0], node if job is not None else None):
                        found.append(_CapturedRead(at, node, owner, record, names))
                case _, FunctionCall(function=function, arguments=arguments):
                    if not is_on_self(node) or any(
                        read.kind == "change" for read in function.reads
                    ):
                        return []
                    own = (read.path[0] for read in function.reads if read.kind == "self_path")
                    if any(self._may_change(self.info, name) for name in own):
                        found.append(_CapturedRead(at, node, self.info, "self", (function.name,)))
                    pending += [(each, through) for each in arguments if each is not None]
                case _, Local() as local:
                    if not local.is_captured_by(job) and local not in seen:
                        seen.add(local)
                        pending += [(each, at) for each in facts.values_of(local)]
                case _:
                    pending += [(each, through) for each in reversed(children(node))]
        return [each for each in found if each.resource.primary_key is not None]

    def _captured(self, root: ast.Node) -> tuple[ResourceInfo | None, str]:
        """The resource and the name of a record that the job has stored, if it is one."""
        if isinstance(root, ast.SelfRef):
            return self.info, "self"
        local = self.program.facts.resolutions.get(root)
        if isinstance(local, Local) and local.is_captured_by(self.delayed):
            record = required(local.type)
            if isinstance(record, Record):
                return self.program.resources[record.resource], local.name
        return None, ""

    def _may_change(self, owner: ResourceInfo, name: str, read: ast.Node | None = None) -> bool:
        """Whether a field may have changed since the enqueue, unless the job assigned it before."""
        fixed = {field for field, _ in marked_fields(owner.node, "primary", "auto")}
        if name == owner.primary_key or name in fixed:
            return False
        assigned = self._assigned.get(name, ())
        return read is None or all(read.span.start < each.span.end for each in assigned)

    @cached_property
    def _assigned(self) -> dict[str, list[ast.Assign]]:
        return assigned_fields(self.program.facts, self.delayed.block.body)
