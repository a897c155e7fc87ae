"""Divides the blocks of jobs into steps: a retry repeats no step that has ended.

A step ends with an effect: a call of a service, or a write. Before it stand the statements whose
values another run may not find again, such as the time or a row. Code that gives the same values
each time belongs to no step; it runs again. The last effect of a block needs no step, since the end
of the job is its record, unless it is a write and an error may follow. The turns of a loop are
stored one by one, and the last effect of a turn needs no step, either. A step may end with a part
of a statement: with the rows of a loop, with what chooses a branch, or with what a `rescue` tries,
whose error the code behind it handles.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ... import ast
from ...analyses.pauses import kind_of, pause_of, signal_of
from ...analyses.queries import is_query
from ...analyses.walk import walk
from ...program import (
    Capture,
    JobInfo,
    Local,
    Part,
    Program,
    ResourceInfo,
    StepInfo,
    Tried,
)
from .kept_values import KeptValues, assigned_fields
from .payload_fields import fields_of
from .second_runs import Kind, Kinds
from .step_names import branches, work_of
from .step_parts import chosen_in, conditions_of, has_effects, items_of, tried_in
from .unrecorded import blocks_of, unrecorded

_LONGEST = 40
"""The most characters of the name of a loop, with which the names of its steps begin."""
_DEEPEST = 3
"""The most loops within each other whose turns are stored."""


def divide_into_steps(program: Program) -> None:
    """Give every job its steps. The captures of the jobs and functions must be known."""
    kinds = Kinds(program)
    for resource in program.resources.values():
        program.resources.work_on(resource)
        for job in resource.jobs:
            values = KeptValues(program, resource, job)
            if "batch" not in job.options:
                job.steps = tuple(_Division(program, resource, job, kinds, values).steps())
            for step in job.steps:
                step.fields = fields_of(step.kept, program, resource)
            job.unrecorded = tuple(unrecorded(program, job, kinds))
            places = _places(job)
            for step in (*job.steps, *job.unrecorded):
                step.place, step.within = places[step.first]
            for step in job.steps:
                step.until = _rest_of(job, step)


@dataclass
class _Division:
    """The division of one block.

    `loop` is the innermost loop whose turns are stored, and `later` is the code of its other turns
    and behind it, which may read what a step sets. `before` are the statements of the source in
    the steps that end with effects lifted out of another statement.
    """

    program: Program
    resource: ResourceInfo
    job: JobInfo
    kinds: Kinds
    values: KeptValues
    found: list[StepInfo] = field(default_factory=list)
    loop: StepInfo | None = None
    later: Sequence[ast.Node] = ()
    before: dict[ast.Statement, list[ast.Statement]] = field(default_factory=dict)

    def steps(self) -> list[StepInfo]:
        """The steps of the block; those that do the same work have the same name."""
        self._divide(self.job.body, ())
        return self.found

    def _divide(self, block: ast.Block, after: Sequence[ast.Node]) -> bool:
        """Divide a block that `after` may follow; False: no step may follow its last one."""
        under_way: list[ast.Statement] = []
        if any(isinstance(each, ast.Return) for each in block.statements):
            after = ()
        for number, statement in enumerate(block.statements):
            rest = [*block.statements[number + 1 :], *after]
            kind = self.kinds.of(statement)
            if self._takes_turns(statement, under_way, rest):
                under_way = []
                continue
            tried = self._tried(statement, rest)
            if tried is not None and self._end(under_way, [tried.body, *rest], tried):
                under_way = []
                if not self._divide(tried.body, rest):
                    return False
                continue
            enqueues, pauses = self._enqueues(statement), self._pauses(statement)
            blocks = blocks_of(statement)
            if self._has_steps(statement, rest):
                chosen = chosen_in(statement, self.program, self.job, self.kinds, self.values)
                if chosen is not None and any(map(self._enqueues, chosen.nodes)):
                    chosen = None  # a later attempt would not enqueue the job
                if chosen is not None and self._end(under_way, [*blocks, *rest], chosen):
                    under_way = []
                    if not all(self._divide(each, rest) for each in blocks):
                        return False
                    continue
                if under_way and self._may_divide(statement):
                    under_way = [] if self._end(under_way, [statement, *rest]) else under_way
            if enqueues or pauses:  # a step would lose the job, or the attempt ends in it
                if under_way and not self._end(under_way, [statement, *rest]):
                    return False
                under_way = []
            if self._pause(statement):
                continue
            if enqueues and kind is not Kind.SAME and not self._may_divide(statement):
                return False
            if not under_way:
                if kind is Kind.SAME and not self.job.is_lifted(statement):
                    continue
                if self._may_divide(statement):
                    if not all(self._divide(each, rest) for each in blocks):
                        return False
                    continue
                if pauses:
                    return False
            under_way.append(statement)
            if self.kinds.of(*rest) is not Kind.EFFECT and not self._may_repeat(under_way, rest):
                return True
            if kind is Kind.EFFECT and self._end(under_way, rest):
                under_way = []
        if under_way and self.kinds.of(*after) is Kind.EFFECT:
            return self._end(under_way, after)
        return True

    def _enqueues(self, node: ast.Node) -> bool:
        return any(isinstance(each, ast.Async) for each in walk(node, ast.Async))

    def _pauses(self, statement: ast.Statement) -> bool:
        facts = self.program.facts
        return any(kind_of(facts, each) for each in walk(statement, ast.Async))

    def _pause(self, statement: ast.Statement) -> bool:
        """Add the step of a sleep or a wait, if the statement is one."""
        call = pause_of(self.program.facts, statement)
        if call is None:
            return False
        kind = kind_of(self.program.facts, call)
        name = "job.sleep" if kind == "sleep" else signal_of(self.program.facts, call)
        self.found.append(StepInfo(name, (statement,), loop=self.loop, pause=kind))
        return True

    def _may_divide(self, statement: ast.Statement) -> bool:
        """Whether it chooses the same one of its blocks each time, and a block has steps."""
        conditions = conditions_of(statement)
        has_steps = self.kinds.of(statement) is Kind.EFFECT or self._enqueues(statement)
        return bool(conditions) and has_steps and self.kinds.of(*conditions) is Kind.SAME

    def _has_steps(self, statement: ast.Statement, rest: Sequence[ast.Node]) -> bool:
        """Whether a step may end in a block of an `if` or a `match`, or would lose its job."""
        loses = self._enqueues(statement) and self.kinds.of(*rest) is Kind.EFFECT
        is_needed = loses or self._pauses(statement) or has_effects(statement, self.kinds)
        return bool(conditions_of(statement)) and is_needed

    def _tried(self, statement: ast.Statement, rest: Sequence[ast.Node]) -> Tried | None:
        """What a `rescue` tries, if its block has effects, or enqueues a job before effects."""
        tried = tried_in(statement, self.program.facts, self.job)
        if tried is None or self.kinds.of(tried.node) is not Kind.EFFECT:
            return None
        if self._enqueues(tried.node):  # a later attempt would not enqueue it
            return None
        is_needed = self.kinds.of(tried.body) is Kind.EFFECT or (
            self._enqueues(statement) and self.kinds.of(*rest) is Kind.EFFECT
        )
        return tried if is_needed else None

    def _takes_turns(
        self, loop: ast.Statement, before: list[ast.Statement], rest: Sequence[ast.Node]
    ) -> bool:
        """Divide the turns of a loop, if a later attempt can go on at the turn that it reached.

        A step ends with the statements before the loop, and with its items, if they may be others.
        """
        if (
            not isinstance(loop, ast.For)
            or self.kinds.of(loop.body) is not Kind.EFFECT
            or self._enqueues(loop)
        ):
            return False
        later = [loop.body, *rest, *self.later]
        own = self.values.declared(loop.body.statements)
        locals_ = [
            each for each in self.values.needed(loop.body.statements, later) if each not in own
        ]
        resolutions = self.program.facts.resolutions
        is_same = self.kinds.of(loop.iterable) is Kind.SAME and not is_query(
            self.program.facts, loop.iterable, self.values.queries
        )
        items = None if is_same else items_of(loop, self.program, self.job, self.values)
        if (items is None and not is_same) or not all(map(self.values.may_keep, locals_)):
            return False
        fields = self._fields([loop.body], later)
        if fields is None:
            return False
        if is_same and (  # a later attempt would come to other items
            any(resolutions.get(each) in locals_ for each in walk(loop.iterable))
            or self.values.reads_fields_of(loop.iterable, loop.body)
        ):
            return False
        name = f"for {loop.name.text}"
        kept, members = self.values.kept(locals_, later, fields)
        step = StepInfo(name, (loop,), kept, members, takes_turns=True, loop=self.loop, items=items)
        if step.depth > _DEEPEST or len(name) > _LONGEST:
            return False
        found = len(self.found)
        behind = loop if items is None else loop.body
        if (before or items) and not self._end(before, [behind, *rest], items):
            return False
        self.found.append(step)
        outside = (self.loop, self.later)
        self.loop, self.later = step, later
        is_divided = self._divide(loop.body, ())
        self.loop, self.later = outside
        if not is_divided:
            del self.found[found:]
        return is_divided

    def _may_keep(self, locals_: Sequence[Local]) -> bool:
        """Whether variables that later code needs can be stored."""
        for local in locals_:
            if not self.values.may_keep(local):
                hint = f"read `{local.name}` again behind it"
                self.job.obstacle = f"`{local.name}` is used behind it, and cannot be stored", hint
                return False
        return True

    def _fields(
        self, step: Sequence[ast.Node], rest: Sequence[ast.Node]
    ) -> tuple[Capture, ...] | None:
        """How the fields that a step sets are stored; None if that is impossible."""
        kept = self.values.kept_fields(step, rest)
        if kept is None:
            names = " or ".join(f"`self.{each}`" for each in sorted(assigned_fields(step)))
            hint = "put the new value into a `let`, and read that behind it"
            self.job.obstacle = f"{names} has a new value, and is read behind it", hint
        return kept

    def _may_repeat(self, step: Sequence[ast.Statement], rest: Sequence[ast.Node]) -> bool:
        """Whether an error may follow a last write, so that a retry makes it again."""
        return bool(self.found) and self.kinds.only_write(*step) and self.kinds.may_raise(*rest)

    def _end(
        self,
        step: list[ast.Statement],
        rest: Sequence[ast.Node],
        part: Part | None = None,
    ) -> bool:
        """Let a step end before `rest`, which needs its values; False if they cannot be stored.

        It ends with a part of the next statement, if one is given.
        """
        later = [*rest, *self.later]
        sets = [part.value] if isinstance(part, Tried) and part.value is not None else []
        whole = None if part or not step else self.job.whole_of(step[-1])
        ends = [*step] if part is None else [*step, part.of]
        before = [each for end in ends for each in self.before.get(end, ())]
        locals_ = self.values.needed([*before, *step], rest, self.later, sets)
        nodes = [*step, *([] if part is None else part.nodes)]
        fields = self._fields([*before, *nodes], later) if self._may_keep(locals_) else None
        if fields is None:
            return False
        self.job.obstacle = None
        if whole is not None:
            own = (each for each in step if self.job.whole_of(each) is None)
            self.before.setdefault(whole, []).extend(own)
        if part is not None:
            locals_.append(part.error if isinstance(part, Tried) else part.local)
        kept, members = self.values.kept(locals_, later, fields)
        only_writes = self.kinds.only_write(*nodes)
        name = work_of(self.program, nodes, self.kinds)
        if any(self.kinds.of(each) is Kind.EFFECT and conditions_of(each) for each in step):
            name = f"if {name}"  # without the condition, it would be another step
        self.found.append(
            StepInfo(name, tuple(step), kept, members, only_writes, loop=self.loop, part=part)
        )
        return True


def _places(job: JobInfo) -> dict[ast.Statement, tuple[int, str]]:
    """The number of each statement in the order of the code, and what leads to it."""
    found = enumerate(branches(job.body, job.original))
    places = {statement: (number, within) for number, (statement, within) in found}
    for tried in (each.part for each in job.steps if isinstance(each.part, Tried)):
        for ours, source in zip(tried.body.statements, tried.rescue.body.statements, strict=True):
            places[ours] = places[source]
    return places


def _rest_of(job: JobInfo, step: StepInfo) -> StepInfo | None:
    """The step, or the effect without a record, that a step ends with if it cannot be stored."""
    if step.part is not None or (whole := job.whole_of(step.statements[-1])) is None:
        return None
    others = (each for each in (*job.steps, *job.unrecorded) if not each.takes_turns)
    ends = (each for each in others if whole in each.statements or _is_part_of(each, whole))
    return next(ends, None)


def _is_part_of(step: StepInfo, statement: ast.Statement) -> bool:
    return step.part is not None and step.part.of is statement
