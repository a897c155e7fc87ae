"""Reports sleeps and waits behind which a job could not go on.

The attempt ends at a sleep or a wait, and another one goes on behind it. So each is a step, and all
that later code needs has to be stored before it.
"""

import re
from collections.abc import Iterator

from ... import ast
from ...analyses.pauses import kind_of, pause_of, signal_of
from ...analyses.walk import own_nodes, walk
from ...diagnostics import Problems, Related
from ...lock.model import Lock
from ...program import (
    FunctionCall,
    JobInfo,
    LibraryCall,
    Program,
    RecordCall,
    RelationUse,
    StepInfo,
)
from ...source import printable
from .second_runs import Kind, Kinds
from .step_names import known_steps

_STATEMENTS = ast.Let | ast.ExprStatement
_SIGNAL = re.compile(r"[\w.:-]{1,60}")
_NAMES = "letters, digits, `_`, `-`, `.` and `:`, 60 at most"
_DURATION = "read it in a `let` before, which is stored while the job waits"


def report_pauses(program: Program, lock: Lock, problems: Problems) -> None:
    """Report sleeps and waits from which a job could not go on (ASY913, ASY914)."""
    kinds = Kinds(program)
    for resource in program.resources.values():
        program.resources.work_on(resource)
        for job in resource.jobs:
            _Pauses(program, job, kinds, problems).report(lock)


class _Pauses:
    """The sleeps and waits of one block."""

    def __init__(self, program: Program, job: JobInfo, kinds: Kinds, problems: Problems) -> None:
        self._facts = program.facts
        self._job = job
        self._kinds = kinds
        self._problems = problems

    def report(self, lock: Lock) -> None:
        """Report those of the block."""
        calls = [*self._calls()]
        if not calls:
            return
        known = {each.name for each in known_steps(self._job, lock) or () if not each.pause}
        waits: dict[str, ast.Call] = {}
        is_divided = True
        pauses = (each for each in self._job.steps if each.pause)
        steps = {pause_of(self._facts, self._statement_of(each)): each for each in pauses}
        for call in calls:
            step = steps.get(call)
            if step is None:
                if (misplaced := self._misplaced(call)) is not None:
                    self._report(call, *misplaced)
                elif is_divided:  # the others follow from the first one
                    self._report(call, *(self._job.obstacle or self._unsteady(call)))
                is_divided = False
            elif (obstacle := self._duration_obstacle(call)) is not None:
                self._report(call, *obstacle)
            elif step.pause == "wait" and step.loop is not None:
                self._report(
                    call,
                    "a signal comes once, so the turns of a loop cannot each wait for it",
                    "make what each turn does a job of its own: `@async { … }` in the loop",
                )
            elif step.pause == "wait":
                self._check_signal(call, waits, known)

    def _statement_of(self, pause: StepInfo) -> ast.Statement:
        found = self._job.original(pause.statements[0])
        assert isinstance(found, ast.ExprStatement | ast.Let)
        return found

    def _calls(self) -> Iterator[ast.Call]:
        for node in own_nodes(self._job.block.body):
            if isinstance(node, ast.Call) and kind_of(self._facts, node):
                yield node

    def _misplaced(self, call: ast.Call) -> tuple[str, str] | None:
        """Why no sleep or wait may stand where this one does."""
        body = self._job.block.body
        for node in walk(body, ast.Async):
            if isinstance(node, ast.Lambda | ast.Rescue) and call in walk(node):
                what = "a lambda" if isinstance(node, ast.Lambda) else "a `rescue`"
                return f"a job cannot go on in the middle of {what}", "move it out of there"
        statements = (each for each in walk(body, ast.Async) if isinstance(each, _STATEMENTS))
        if any(pause_of(self._facts, each) is call for each in statements):
            return None
        if kind_of(self._facts, call) == "wait":
            return "a wait is a statement of its own", "write `let answer = Job.wait(…)`"
        return "a sleep is a statement of its own", "write it on a line of its own"

    def _unsteady(self, call: ast.Call) -> tuple[str, str]:
        """What may lead another attempt elsewhere."""
        loops = (
            each
            for each in walk(self._job.block.body, ast.Async)
            if isinstance(each, ast.For) and call in walk(each.body)
        )
        for loop in loops:
            if self._kinds.of(loop.iterable) is not Kind.SAME:
                hint = "give each item a job of its own: `@async { … }` in the loop"
                return "a later attempt may find other items in this loop", hint
            if any(isinstance(each, ast.Async) for each in walk(loop.body, ast.Async)):
                return "no attempt goes on in a loop with `@async`", "take it out of the loop"
        message = "a later attempt may not come here by the same branches"
        return message, "read what the conditions need in a `let` before, or in the payload"

    def _duration_obstacle(self, call: ast.Call) -> tuple[str, str] | None:
        """Why the attempts that pass a sleep or a wait cannot all compute its duration."""
        use = self._facts.resolutions[call]
        assert isinstance(use, LibraryCall)
        duration = use.arguments[-1]
        if duration is None or self._kinds.of(duration) is Kind.SAME:
            return None
        if self._kinds.of(duration) is Kind.EFFECT or any(map(self._reads_rows, walk(duration))):
            return "later attempts would read rows or call services for the duration", _DURATION
        return None

    def _reads_rows(self, node: ast.Node) -> bool:
        match self._facts.resolutions.get(node):
            case RelationUse() | RecordCall():
                return True
            case FunctionCall(function=function):
                return function.uses_database or function.uses_services
        return False

    def _check_signal(self, call: ast.Call, waits: dict[str, ast.Call], known: set[str]) -> None:
        """Report a name that a lock cannot have, or that is not the wait's own (ASY914)."""
        name, related = signal_of(self._facts, call), []
        if not _SIGNAL.fullmatch(name):
            message = "the name of a signal is a string without interpolation"
            if name:
                message = f"`{printable(name)}` is not the name of a signal"
            hint = f"write {_NAMES}: who sends it says which job it is for"
        elif name in waits:
            message = f"the block waits for `{name}` twice, and a signal comes once"
            hint = "give the second one another name, or wait before the branches"
            related = [Related(waits[name].span, "the first one")]
        elif name in known:
            message = f"a step of this block is or was called `{name}`, and jobs may be behind it"
            hint = "give the signal another name"
        else:
            waits[name] = call
            return
        self._problems.error("ASY914", call.span, message, hint, *related)

    def _report(self, call: ast.Call, message: str, hint: str | None) -> None:
        self._problems.error("ASY913", call.span, message, hint)
