"""The Python function that is being written: how it reads `self`, and reaches the runtime."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace

from ... import ast
from ...program import Capture, CaptureKind, Column, JobInfo, Local, ResourceInfo
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

    `names` are those of its variables, `resource` is what `self` is a row of, `place` what the
    function runs in. `handle` is the variable through which it reaches the runtime, `awaits`
    whether that is awaited. In a hook `record` holds the row; elsewhere there is what was
    `captured`. `return_dest` is where a `return` puts a value: that of the function, of a lambda,
    or of a rescue; without one, `returns` ends the function. `caught` is the exception that is
    being handled. `knows_user`: the code runs only if the request has a user.
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
    return_dest: Destination | None = None
    caught: str | None = None
    knows_user: bool = False
    lazy: int = 0
    inner: int = 0
    nesting: int = 0

    def __post_init__(self) -> None:
        self.rows = LoadedRows(self.names)

    # names and helpers of the module

    @property
    def module(self) -> Module:
        """The module that the function is in."""
        return self.names.module

    def use(self, module: str, name: str) -> str:
        """How to write `name` of `module`."""
        return self.module.imports.use(module, name)

    def builtin(self, name: str) -> str:
        """How to write a builtin."""
        return self.use("builtins", name)

    def operator(self, name: str, parts: Sequence[Code], effect: Effect = Effect.NONE) -> Code:
        """A call of the runtime's operators."""
        return call(self.module.imports.operator(name), parts, effect)

    def unwrap(self, code: Code, what: ast.Expr | str, effect: Effect = Effect.NONE) -> Code:
        """A value that raises an error when it is nil."""
        what = what if isinstance(what, str) else what.span.in_one_line
        return self.operator("unwrap", [code, Code(string(what))], effect)

    def unless_nil(
        self, code: Code, hint: Hint, made: Callable[[Code], str], effect: Effect = Effect.NONE
    ) -> Code:
        """What is made of a value, None of None."""
        first, again = self.twice(code, hint)
        text = f"{made(again)} if {first.at(Precedence.SUM)} is not None else None"
        return combine(text, Precedence.TERNARY, [first], effect)

    def resolved(self, node: ast.Node) -> object:
        """What a name, member or call is resolved to."""
        return self.module.facts.resolutions.get(node)

    def services(self, service: str) -> str:
        """Through what a service is reached; in a job it notes that jobs call it."""
        if self.handle == "job":
            self.module.job_services.add(service)
        return "batch.services" if self.is_batch else f"{self.handle}.services"

    @property
    def is_batch(self) -> bool:
        """Whether it runs several jobs in one call."""
        return self.job is not None and "batch" in self.job.options

    def note_call(self, call: str, node: ast.Expr) -> None:
        """Note in a job how a service is called, and where first."""
        if self.handle == "job":
            place, calls = (node.span.source.path, node.span.line), self.module.job_calls
            calls[call] = min(place, calls.get(call, place))

    @property
    def handle(self) -> str:
        """The variable through which the runtime is reached."""
        return "job" if self.place == "job" else "hook"

    def through_handle(self, call: str, parts: Sequence[Code], form: Form = Form.ANSWER) -> Code:
        """A call of the runtime, or of a service, that may wait and do anything."""
        head, precedence = ("await ", Precedence.AWAIT) if self.awaits else ("", Precedence.PRIMARY)
        effect = Effect.ACTS | Effect.WAITS if self.awaits else Effect.ACTS
        return replace(combine(f"{head}{call}", precedence, parts, effect), form=form)

    # values that the function was given

    def is_captured(self, local: Local) -> bool:
        """Whether a local belongs to the code around this job, so that the payload holds it."""
        return self.job is not None and local.owner is not self.job

    def columns(self, path: tuple[str, ...]) -> Iterator[Column]:
        """The columns along a path of `self`: `address`, then `country` of its struct."""
        return self.module.program.columns(self.resource, path)

    def captured_part(
        self, local: object, *names: str, kind: CaptureKind = "local_path"
    ) -> Code | None:
        """A part of a local that belongs to the code around this job, if it was captured."""
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
        """The value at a path of `self`, whose structs on the way are not nil."""
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
        """A variable that replaces a captured value from here on, since it is assigned."""
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
        """Code that may not run, so that what it loads is not there afterwards."""
        self.nesting += 1
        with self.rows.branch():
            yield
        self.nesting -= 1

    @contextmanager
    def having(self, **values: object) -> Iterator[None]:
        """Code for which some attributes have other values."""
        before = {name: getattr(self, name) for name in values}
        vars(self).update(values)
        yield
        vars(self).update(before)

    def inside(self) -> AbstractContextManager[None]:
        """A function inside of this one, where type checkers forget what is not nil."""
        return self.having(inner=self.inner + 1)

    @contextmanager
    def nested_function(self, dest: Destination, *, loads_anew: bool) -> Iterator[None]:
        """A Python function inside of this one; rows that it loads anew have names of its own."""
        rows = self.rows.anew() if loads_anew else nullcontext()
        with self.branch(), self.inside(), self.having(return_dest=dest), rows:
            yield

    # temporary variables

    def hoist(self, code: Code, hint: Hint = "value") -> Code:
        """The expression's value in a variable, so that it is evaluated here and once."""
        name = self.names.fresh(hint)
        kind = self.use("typing", "Any") if code.is_loose else ""
        return Code(name, before=tuple(assign(name, code, kind)))

    def twice(self, code: Code, hint: Hint = "value") -> tuple[Code, Code]:
        """The expression for its first use, which evaluates it, and for the uses after that."""
        if code.repeatable or code.is_constant or code.form is Form.EMPTY:
            return code, code
        if not self.lazy:
            hoisted = self.hoist(code, hint)
            return hoisted, replace(hoisted, before=())
        again = Code(self.names.fresh(hint))
        text = f"({again.text} := {code.text})"
        return Code(text, Precedence.ATOM, code.before, code.effect, code.depth, code.guards), again

    def iterable(self, code: Code, hint: Hint = "items") -> Code:
        """What a comprehension goes through, in a variable where Python takes no expression."""
        return self.hoist(code, hint) if code.assigns else code

    def in_order(
        self,
        parts: Sequence[Code],
        hints: Sequence[Hint] = (),
        positions: Sequence[int] | None = None,
    ) -> list[Code]:
        """Operands that run one after the other, in the order that they have here.

        That is so of their texts, but some need statements, which stand before all texts; and with
        `positions` they are written in another order. One that has to run earlier than its text
        would goes into a variable.
        """
        late = running_late(parts, positions)
        return [
            self.hoist(part, hints[index] if hints else "value") if index in late else part
            for index, part in enumerate(parts)
        ]
