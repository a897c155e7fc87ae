"""The Python function that is being written: its names, and how it reads `self`."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_

from ... import ast
from ...names import local_name, snake_case
from ...program import Capture, CaptureKind, Column, JobInfo, Local, ResourceInfo
from ...python.code import Code, Effect, Form, Line, Precedence, assign, assignment, call, combine
from ...python.literals import string
from ..sql.sql import Select
from .destination import Destination
from .locals import Locals
from .module import Place
from .naming import Naming


@dataclass
class FunctionBuilder(Naming):
    """One Python function.

    `resource` is what `self` is a row of, `place` what the function runs in. `handle` is the
    variable through which it reaches the runtime, `awaits` whether that is awaited. In a hook
    `record` holds the row; elsewhere `captures` are the values that it was given, as attributes of
    `payload` or, without one, as parameters. `return_dest` is where a `return` puts a value: that
    of the function, of a lambda, or of a rescue; without one, `returns` ends the function.
    `caught` is the exception that is being handled. `knows_user`: the code runs only if the
    request has a user.
    """

    resource: ResourceInfo
    place: Place
    awaits: bool = False
    job: JobInfo | None = None
    record: str | None = None
    payload: str | None = None
    captures: tuple[Capture, ...] = ()
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
    _loaded: dict[str, str] = field(default_factory=dict)
    _forgets: int = 0
    _variables: dict[str, str] = field(default_factory=dict)
    _reassigned: dict[Capture, str] = field(default_factory=dict)

    # names and helpers of the module

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
        what = what if isinstance(what, str) else described(what)
        return self.operator("unwrap", [code, Code(string(what))], effect)

    def unless_nil(
        self, code: Code, hint: str, made: Callable[[Code], str], effect: Effect = Effect.NONE
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
        return self.module.columns(self.resource.name, path)

    def capture(
        self, kind: CaptureKind, path: tuple[str, ...], local: Local | None = None
    ) -> Capture | None:
        """What was captured under a path."""
        for each in self.captures:
            if each.kind == kind and each.path == path and each.local is local:
                return each
        return None

    def captured(self, capture: Capture) -> Code:
        """A captured value, or the variable that replaces it after an assignment."""
        if capture in self._reassigned:
            return Code(self._reassigned[capture], effect=Effect.READS)
        if self.payload is None:
            return Code(capture.python)
        return Code(f"{self.payload}.{capture.python}", Precedence.PRIMARY)

    def holds_snapshot(self, node: ast.Expr) -> bool:
        """Whether records are snapshots already: `self` or a local from outside the job."""
        if isinstance(node, ast.SelfRef):
            return self.record is None
        local = self.resolved(node)
        return isinstance(local, Local) and (local in self.snapshots or self.is_captured(local))

    def forgets_narrowing(self, node: ast.Expr) -> bool:
        """Whether type checkers do not see that a part of a struct or a record is not nil.

        It was made sure of before the job was enqueued, or before a struct around it was replaced.
        """
        names: list[str] = []
        while isinstance(node, ast.Member):
            names.insert(0, node.name.text)
            node = node.target
        if isinstance(node, ast.SelfRef) and self.record is not None:
            return len(names) > 1 and self.locals.shares_structs
        if self.job is None:
            return False
        local = self.resolved(node)
        if isinstance(node, ast.SelfRef):
            path: tuple[object, ...] = ("self", *names)
            whole = len(names) > 1 and self.capture("self_path", tuple(names)) is None
        elif isinstance(local, Local):
            path = (local, *names)
            whole = bool(names) and self.capture("local", (local.name,), local) is not None
        else:
            return False
        return whole and path in self.module.facts.known_at.get(self.job.block, frozenset())

    def self_value(self, path: tuple[str, ...]) -> Code:
        """The value at a path of `self`, whose structs on the way are not nil."""
        names = [column.python for column in self.columns(path)]
        if self.record is not None:
            return Code(".".join([self.record, *names]), Precedence.PRIMARY, effect=Effect.READS)
        lengths = range(len(path), 0, -1)
        captures = ((self.capture("self_path", path[:length]), length) for length in lengths)
        snapshots = ((each, 0) for each in self.captures if each.kind == "snapshot")
        for capture, length in (*captures, *snapshots):
            if capture is not None:
                base, rest = self.captured(capture), names[length:]
                precedence = Precedence.PRIMARY if rest else base.precedence
                return replace(base, text=".".join([base.text, *rest]), precedence=precedence)
        raise LookupError(f"nothing captured for {'.'.join(path)}")

    def is_reassigned(self, capture: Capture) -> bool:
        """Whether a variable replaces a captured value already."""
        return capture in self._reassigned

    def reassign_capture(self, capture: Capture) -> str:
        """A variable that replaces a captured value from here on, since it is assigned."""
        if capture not in self._reassigned:
            before = self.captured(capture)
            name = self._reassigned[capture] = self.fresh(
                f"{capture.python}_snapshot" if capture.kind == "snapshot" else capture.python
            )
            if self.nesting:
                self.prologue.append(assignment(name, before.text))
        return self._reassigned[capture]

    # relations

    def loaded(self, key: str) -> str | None:
        """The variable that holds a row loaded before, where that is certain."""
        return self._loaded.get(key)

    def load(self, key: str, hint: str, longer: str) -> str:
        """A variable for a row that is loaded now; `longer` is its name when `hint` is taken."""
        known = self._variables.get(key)
        name = known or self.fresh(longer if self._is_taken(local_name(hint)) else hint)
        self._variables[key] = self._loaded[key] = name
        return name

    def forget_loaded(self) -> None:
        """A key may have changed: load again, also after a branch in which that happened."""
        self._loaded.clear()
        self._forgets += 1

    @contextmanager
    def branch(self) -> Iterator[None]:
        """Code that may not run, so that what it loads is not there afterwards."""
        before, forgets = dict(self._loaded), self._forgets
        self.nesting += 1
        try:
            yield
        finally:
            self.nesting -= 1
            self._loaded = before if self._forgets == forgets else {}

    @contextmanager
    def having(self, **values: object) -> Iterator[None]:
        """Code for which some attributes have other values."""
        before = {name: getattr(self, name) for name in values}
        vars(self).update(values)
        try:
            yield
        finally:
            vars(self).update(before)

    def inside(self) -> AbstractContextManager[None]:
        """A function inside of this one, where type checkers forget what is not nil."""
        return self.having(inner=self.inner + 1)

    @contextmanager
    def nested_function(self, dest: Destination, *, loads_anew: bool) -> Iterator[None]:
        """A Python function inside of this one; rows that it loads anew have names of its own."""
        names = ("_loaded", "_variables") if loads_anew else ()
        loads = {name: dict[str, str]() for name in names}
        with self.branch(), self.inside(), self.having(return_dest=dest, **loads):
            yield

    # temporary variables

    def hoist(self, code: Code, hint: str = "value") -> Code:
        """The expression's value in a variable, so that it is evaluated here and once."""
        name = self.fresh(hint)
        kind = self.use("typing", "Any") if code.is_loose else ""
        return Code(name, before=tuple(assign(name, code, kind)))

    def twice(self, code: Code, hint: str = "value") -> tuple[Code, Code]:
        """The expression for its first use, which evaluates it, and for the uses after that."""
        if code.repeatable or code.is_constant or code.form is Form.EMPTY:
            return code, code
        if not self.lazy:
            hoisted = self.hoist(code, hint)
            return hoisted, replace(hoisted, before=())
        again = Code(self.fresh(hint))
        text = f"({again.text} := {code.text})"
        return Code(text, Precedence.ATOM, code.before, code.effect, code.depth, code.guards), again

    def iterable(self, code: Code, hint: str = "items") -> Code:
        """What a comprehension goes through, in a variable where Python takes no expression."""
        return self.hoist(code, hint) if code.assigns else code

    def in_order(
        self,
        parts: Sequence[Code],
        hints: Sequence[str] = (),
        positions: Sequence[int] | None = None,
    ) -> list[Code]:
        """Operands that run one after the other, in the order that they have here.

        That is so of their texts, but some need statements, which stand before all texts; and with
        `positions` they are written in another order. One that has to run earlier than its text
        would goes into a variable.
        """
        hoisted: set[int] = set()
        sooner = Effect.NONE  # what runs before the texts of all that is left of it
        for index in range(len(parts) - 1, -1, -1):
            effect = parts[index].effect
            written_before = [
                parts[later].effect
                for later in range(index + 1, len(parts) if positions else 0)
                if positions and positions[later] < positions[index]
            ]
            if effect.must_precede(reduce(or_, written_before, sooner)):
                hoisted.add(index)
                sooner |= effect
            sooner = reduce(or_, (line.effect for line in parts[index].before), sooner)
        return [
            self.hoist(part, hints[index] if hints else "value") if index in hoisted else part
            for index, part in enumerate(parts)
        ]


def described(node: ast.Expr) -> str:
    """The text of an expression in one line, for an error."""
    return " ".join(node.span.text.split())


def variable_for(node: ast.Expr) -> str:
    """What a variable that holds an expression's value is called."""
    for _ in range(8):
        match node:
            case ast.Member():
                return snake_case(node.name.text)
            case ast.Call(callee=callee):
                node = callee
            case ast.Binary(operator="??" | "or" | "+", left=left):
                node = left
            case ast.Unwrap(operand=inner) | ast.Rescue(operand=inner) | ast.Index(target=inner):
                node = inner
            case ast.NameRef(name=name):
                return snake_case(name)
            case _:
                break
    return "value"
