"""The Python function that is being built: how it reads `self` and reaches the runtime."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace

from ... import ast
from ...analyses.pauses import pause_of
from ...program import (
    Capture,
    CaptureKind,
    Chosen,
    Column,
    JobInfo,
    Local,
    ResourceInfo,
    StepInfo,
)
from ...python.code import Code, Effect, Form, Line, Precedence, assign, assignment, call, combine
from ...python.literals import string
from ..python.order import running_late
from ..sql.sql import Select
from .captured import Captured
from .destination import Destination
from .loaded_rows import LoadedRows
from .locals import Locals
from .module import Module, Place
from .naming import Hint, Naming


@dataclass
class FunctionBuilder:
    """One Python function.

    `names` are the names of its variables, `resource` is the resource of `self`, `place` is what
    the function runs in. `handle` is the variable through which it reaches the runtime; `awaits`:
    calls of the runtime are awaited. In a hook `record` holds the row; elsewhere `captured` has
    the values. `return_dest` is where a `return` puts a value, of the function, a lambda or a
    rescue; without one, `returns` ends the function. `caught` is the exception that is being
    handled. `knows_user`: the code runs only if the request has a user. `declared` are locals, and
    `annotated` are variables, that have an annotation already. `steps` are those of the job, by
    their first statements, and `loops` are the loops whose turns are stored. A local in `chosen`
    says which block an `if` or a `match` has chosen; branches of a statement in `joined` each give
    a local its first value. Before the statements in `guarded`, the job checks that it has passed
    all steps that have ended. The writes from those in `last_writes` on commit together with the
    end of the job, or of the turn.
    """

    names: Naming
    resource: ResourceInfo
    place: Place
    awaits: bool = False
    job: JobInfo | None = None
    record: str | None = None
    captured: Captured = field(default_factory=Captured)
    on_create: bool = False
    on_update: bool = False
    returns: str = "return"
    locals: Locals = field(default_factory=Locals)
    snapshots: set[Local] = field(default_factory=set)
    queries: dict[Local, Select] = field(default_factory=dict)
    bound: dict[Local, Code] = field(default_factory=dict)
    prologue: list[Line] = field(default_factory=list)
    declared: set[Local] = field(default_factory=set)
    steps: dict[ast.Statement, StepInfo] = field(default_factory=dict)
    loops: dict[ast.Statement, StepInfo] = field(default_factory=dict)
    chosen: dict[ast.Node, Local] = field(default_factory=dict)
    joined: Mapping[ast.Statement, Local] = field(default_factory=dict)
    guarded: frozenset[ast.Statement] = frozenset()
    last_writes: frozenset[ast.Statement] = frozenset()
    annotated: set[str] = field(default_factory=set)
    return_dest: Destination | None = None
    caught: str | None = None
    knows_user: bool = False
    lazy: int = 0
    inner: int = 0
    nesting: int = 0

    def __post_init__(self) -> None:
        self.rows = LoadedRows(self.names)
        if self.job is not None:
            parts = (each.part for each in self.job.steps)
            self.chosen = {each.node: each.local for each in parts if isinstance(each, Chosen)}
            own = (each for each in self.job.steps if not (each.takes_turns or each.pause))
            self.steps = {each.first: each for each in own}
            self.loops = {each.first: each for each in self.job.steps if each.takes_turns}
            if self.job.rewritten is not None:
                self.joined = self.job.rewritten.joined
            self.last_writes = frozenset(e.first for e in self.job.unrecorded if e.only_writes)
            straight = {*self.job.body.statements}.union(
                *(each.body.statements for each in self.loops if isinstance(each, ast.For))
            )
            if not straight.issuperset(each.first for each in self.job.steps):
                self.guarded = frozenset(each.statements[0] for each in self.job.unrecorded)

    # names and helpers of the module

    @property
    def module(self) -> Module:
        """The module that the function is in."""
        return self.names.module

    def use(self, module: str, name: str) -> str:
        """Return how to write `name` of `module`."""
        return self.module.imports.use(module, name)

    def builtin(self, name: str) -> str:
        """Return how to write a builtin."""
        return self.use("builtins", name)

    def operator(self, name: str, parts: Sequence[Code], effect: Effect = Effect.NONE) -> Code:
        """Build a call of one of the runtime's operators."""
        return call(self.module.imports.operator(name), parts, effect)

    def unwrap(self, code: Code, what: ast.Expr | str, effect: Effect = Effect.NONE) -> Code:
        """Build a value that raises an error if it is nil."""
        what = what if isinstance(what, str) else what.span.in_one_line
        return self.operator("unwrap", [code, Code(string(what))], effect)

    def unless_nil(
        self, code: Code, hint: Hint, made: Callable[[Code], str], effect: Effect = Effect.NONE
    ) -> Code:
        """Build what `made` returns for a value; None stays None."""
        first, again = self.reusable(code, hint)
        text = f"{made(again)} if {first.at(Precedence.SUM)} is not None else None"
        return combine(text, Precedence.TERNARY, [first], effect)

    def resolved(self, node: ast.Node) -> object:
        """Return the resolution of a name, member or call."""
        return self.module.facts.resolutions.get(node)

    def services(self, service: str) -> str:
        """Return the text of the services; in a job, record that jobs call this service."""
        if self.handle == "job":
            self.module.job_services.add(service)
        return "batch.services" if self.is_batch else f"{self.handle}.services"

    def pause(self, call: ast.Expr) -> StepInfo:
        """The step that is a sleep or a wait."""
        assert self.job is not None
        pauses = (each for each in self.job.steps if each.pause)
        facts = self.module.facts
        return next(each for each in pauses if pause_of(facts, each.statements[0]) is call)

    @property
    def is_batch(self) -> bool:
        """Whether the function runs several jobs in one call."""
        return self.job is not None and "batch" in self.job.options

    def note_call(self, call: str, node: ast.Expr) -> None:
        """Record in a job how a service is called, and the first place of the call."""
        if self.handle == "job":
            place, calls = (node.span.source.path, node.span.line), self.module.job_calls
            calls[call] = min(place, calls.get(call, place))

    @property
    def handle(self) -> str:
        """The variable through which the function reaches the runtime."""
        return "job" if self.place == "job" else "hook"

    def through_handle(self, call: str, parts: Sequence[Code], form: Form = Form.EXTERNAL) -> Code:
        """Build a call of the runtime or of a service, which may wait and have any effect."""
        head, precedence = ("await ", Precedence.AWAIT) if self.awaits else ("", Precedence.PRIMARY)
        effect = Effect.ACTS | Effect.WAITS if self.awaits else Effect.ACTS
        return replace(combine(f"{head}{call}", precedence, parts, effect), form=form)

    def first_annotation(self, local: Local) -> str:
        """The annotation of a variable, if its variable has none yet."""
        name = self.names.local(local)
        if name in self.annotated:
            return ""
        self.annotated.add(name)
        return self.module.annotation(local.type)

    # values that the function was given

    def is_captured(self, local: Local) -> bool:
        """Whether a local belongs to the code around this job, so that the payload holds it."""
        return self.job is not None and local.owner is not self.job

    def columns(self, path: tuple[str, ...]) -> Iterator[Column]:
        """Yield the columns along a path of `self`: `address`, then `country` of its struct."""
        return self.module.program.columns(self.resource, path)

    def captured_part(
        self, local: object, *names: str, kind: CaptureKind = "local_path"
    ) -> Code | None:
        """Return a captured part of a local from the code around this job, if there is one."""
        if not isinstance(local, Local) or not self.is_captured(local):
            return None
        return self.captured.get(kind, (local.name, *names), local)

    def holds_snapshot(self, node: ast.Expr) -> bool:
        """Whether records are snapshots already: `self` or a local from outside the job."""
        if isinstance(node, ast.SelfRef):
            return self.record is None
        local = self.resolved(node)
        return isinstance(local, Local) and (local in self.snapshots or self.is_captured(local))

    def self_value(self, path: tuple[str, ...]) -> Code:
        """Return the value at a path of `self`, on which no struct is nil."""
        names = [column.python for column in self.columns(path)]
        if self.record is not None:
            return Code(".".join([self.record, *names]), Precedence.PRIMARY, effect=Effect.READS)
        found = self.captured.around(path)
        if found is None:
            raise LookupError(f"nothing captured for {'.'.join(path)}")
        base, rest = self.captured.value(found[0]), names[found[1] :]
        precedence = Precedence.PRIMARY if rest else base.precedence
        return replace(base, text=".".join([base.text, *rest]), precedence=precedence)

    def reassign_capture(self, capture: Capture) -> str:
        """Return the variable that replaces a captured value from its assignment on."""
        variables = self.captured.variables
        if capture not in variables:
            before = self.captured.value(capture)
            name = f"{capture.python}_snapshot" if capture.kind == "snapshot" else capture.python
            variables[capture] = self.names.fresh(name)
            if self.nesting:
                self.prologue.append(assignment(variables[capture], before.text))
        return variables[capture]

    # where the code is

    @contextmanager
    def branch(self) -> Iterator[None]:
        """Enter code that may not run; rows that it loads are unknown afterwards."""
        self.nesting += 1
        with self.rows.branch():
            yield
        self.nesting -= 1

    @contextmanager
    def overriding(self, **values: object) -> Iterator[None]:
        """Enter code for which some attributes have other values."""
        before = {name: getattr(self, name) for name in values}
        vars(self).update(values)
        yield
        vars(self).update(before)

    def inside(self) -> AbstractContextManager[None]:
        """Enter a nested function, in which type checkers forget what is not nil."""
        return self.overriding(inner=self.inner + 1)

    @contextmanager
    def nested_function(self, dest: Destination, *, loads_anew: bool) -> Iterator[None]:
        """Enter a nested function; with `loads_anew` it has its own variables for rows."""
        rows = self.rows.nested_function() if loads_anew else nullcontext()
        with self.branch(), self.inside(), self.overriding(return_dest=dest), rows:
            yield

    # temporary variables

    def hoist(self, code: Code, hint: Hint = "value") -> Code:
        """Store an expression in a variable, so that it is evaluated here and once."""
        name = self.names.fresh(hint)
        kind = self.use("typing", "Any") if code.is_loose else ""
        return Code(name, before=tuple(assign(name, code, kind)))

    def reusable(self, code: Code, hint: Hint = "value") -> tuple[Code, Code]:
        """Return the expression for its first use, which evaluates it, and for later uses."""
        if code.repeatable or code.is_constant or code.form is Form.EMPTY:
            return code, code
        if not self.lazy:
            hoisted = self.hoist(code, hint)
            return hoisted, replace(hoisted, before=())
        again = Code(self.names.fresh(hint))
        text = f"({again.text} := {code.text})"
        return Code(text, Precedence.ATOM, code.before, code.effect, code.depth, code.guards), again

    def iterable(self, code: Code, hint: Hint = "items") -> Code:
        """Return a comprehension's iterable, in a variable if the expression is not allowed."""
        return self.hoist(code, hint) if code.assigns else code

    def in_order(
        self,
        parts: Sequence[Code],
        hints: Sequence[Hint] = (),
        positions: Sequence[int] | None = None,
    ) -> list[Code]:
        """Return operands that run one after the other, in the given order.

        Their texts would run in this order. But some operands need statements, which precede all
        texts, and `positions` may write the texts in another order. An operand that has to run
        earlier than its text goes into a variable.
        """
        late = running_late(parts, positions)
        return [
            self.hoist(part, hints[index] if hints else "value") if index in late else part
            for index, part in enumerate(parts)
        ]
