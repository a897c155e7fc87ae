"""One body of code while it is checked: a hook, a function, a computed field or a scope.

Each kind of expression has a rule. A rule may be a generator that yields the expressions whose
types it needs. A loop runs the rules and keeps those that wait on a list, so a long chain of
operators does not deepen Python's stack.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar

from .. import ast
from ..analyses.raising import always_raises
from ..diagnostics import Problems, Related
from ..names import local_name, unclashed
from ..program import Facts, FunctionInfo, HookInfo, JobInfo, Local, Resolution, ResourceInfo
from ..source import Span
from ..types import ANY, Record, Type, optional
from .environment import Environment
from .lattice import INVALID, InvalidType
from .narrowing import Narrowing, Path

BodyKind: TypeAlias = Literal["hook", "function", "computed", "scope"]


@dataclass(frozen=True, slots=True)
class Receiver:
    """Asks for the type of the left part of a chain, without the nil of a `?.` in it."""

    node: ast.Expr


Inference: TypeAlias = Generator["ast.Expr | Receiver", Type, Type]
"""A running rule: it yields a node, is sent the type of that node, and returns its own type."""

NodeT = TypeVar("NodeT", bound=ast.Node)
Rule: TypeAlias = "Callable[[Body, NodeT], Inference | Type]"

_RULES: dict[type[ast.Node], Callable[["Body", Any], Inference | Type]] = {}


def rule(kind: type[NodeT]) -> Callable[["Rule[NodeT]"], "Rule[NodeT]"]:
    """Register the rule of a kind of expression."""

    def register(function: "Rule[NodeT]") -> "Rule[NodeT]":
        _RULES[kind] = function
        return function

    return register


@dataclass(eq=False)
class ReturnTarget:
    """The code that a `return` leaves: the body, a job, or a block that has a value."""

    kind: Literal["hook", "job", "function", "value"]
    expected: Type | None = None
    types: list[Type] = field(default_factory=list)


@dataclass(eq=False)
class Scope:
    """The names of one block; `python` are the names taken in the Python function around it."""

    outer: "Scope | None"
    python: set[str]
    names: dict[str, Local] = field(default_factory=dict)

    def find(self, name: str) -> Local | None:
        """The innermost local of a name."""
        scope: Scope | None = self
        while scope is not None:
            if (local := scope.names.get(name)) is not None:
                return local
            scope = scope.outer
        return None

    def visible(self) -> set[str]:
        """Every name that can be used here."""
        found: set[str] = set()
        scope: Scope | None = self
        while scope is not None:
            found |= scope.names.keys()
            scope = scope.outer
        return found


@dataclass(eq=False)
class Body:
    """The state of checking one body.

    `job`: the `@async` block around. `non_nil`: what is known at this point, as in
    `Narrowing`.
    `narrowings`: what each condition says. `short_circuits`: the links of a chain that a
    `?.` may end. `lets`: the `let` of each local whose type is inferred. `widened`: the types of
    those `let`s whose locals get values of several types. `stable`: this pass widened none.
    `assigned`: the locals that have a second value so far. `discarded`: the expressions that are
    statements. `diverging`: the discarded expressions that control never leaves.
    """

    env: Environment
    resource: ResourceInfo
    kind: BodyKind
    scope: Scope
    return_target: ReturnTarget
    event: ast.Event | None = None
    hook: HookInfo | None = None
    function: FunctionInfo | None = None
    job: JobInfo | None = None
    non_nil: frozenset[Path] = frozenset()
    narrowings: dict[ast.Node, Narrowing] = field(default_factory=dict)
    short_circuits: set[ast.Node] = field(default_factory=set)
    lets: dict[Local, ast.Let] = field(default_factory=dict)
    widened: dict[ast.Let, Type] = field(default_factory=dict)
    stable: bool = True
    assigned: set[Local] = field(default_factory=set)
    discarded: set[ast.Node] = field(default_factory=set)
    diverging: set[ast.Node] = field(default_factory=set)
    _numbers: dict[tuple[int, str], tuple[set[str], int]] = field(default_factory=dict)
    """The last number that made a name distinct, for each set of taken names."""

    @property
    def facts(self) -> Facts:
        """The facts found about nodes."""
        return self.env.facts

    @property
    def problems(self) -> Problems:
        """The diagnostics of this pass."""
        return self.env.problems

    def error(
        self,
        code: str,
        at: ast.Node | Span,
        message: str,
        hint: str | None = None,
        *notes: Related,
        cause: str = "",
    ) -> InvalidType:
        """Report an error and return the invalid type, which causes no further reports."""
        span = at if isinstance(at, Span) else at.span
        self.problems.error(code, span, message, hint, *notes, cause=cause)
        return INVALID

    def cause(self, what: str) -> str:
        """The cause of errors of this body, such as a name that it does not declare."""
        code = self.hook.node if self.hook else self.function.body if self.function else None
        span = (code or self.resource.node).span
        return f"{what} in {span.source.path}, {span.start}"

    def resolve(self, node: ast.Node, meaning: Resolution, kind: Type) -> Type:
        """Note what a name or a call means, and return the type of its value."""
        self.facts.resolutions[node] = meaning
        return kind

    def warning(
        self, code: str, at: ast.Node | Span, message: str, hint: str | None = None, *notes: Related
    ) -> None:
        """Report a warning."""
        self.problems.warning(code, at if isinstance(at, Span) else at.span, message, hint, *notes)

    @property
    def record(self) -> Record:
        """The type of `self`."""
        return Record(self.resource.name)

    def infer(self, expression: ast.Expr) -> Type:
        """Find and note the type of an expression and of all its parts."""
        kind = self._infer(expression)
        if self.env.unparsed.touches(expression.span):
            kind = self.facts.types[expression] = INVALID
        return kind

    def _infer(self, expression: ast.Expr) -> Type:
        suspended: list[tuple[Inference, ast.Expr | Receiver]] = []
        wanted: ast.Expr | Receiver = expression
        while True:
            node = wanted.node if isinstance(wanted, Receiver) else wanted
            outcome = _RULES[type(node)](self, node)
            if isinstance(outcome, Generator):
                suspended.append((outcome, wanted))
                inferred = None
            else:
                inferred = self._note(wanted, outcome)
            while suspended:
                inference, subject = suspended[-1]
                try:
                    wanted = next(inference) if inferred is None else inference.send(inferred)
                    break
                except StopIteration as done:
                    suspended.pop()
                    inferred = self._note(subject, done.value)
            else:
                assert inferred is not None
                return inferred

    def _note(self, wanted: ast.Expr | Receiver, kind: Type) -> Type:
        node = wanted.node if isinstance(wanted, Receiver) else wanted
        if node in self.short_circuits and (
            not isinstance(wanted, Receiver) or ast.is_closed(node)
        ):
            kind = optional(kind)
        self.facts.types[node] = kind
        if always_raises(self.facts, node):
            self.facts.raising.add(node)
        return kind

    def continues_chain(self, target: ast.Expr) -> bool:
        """Whether a link after `target` is in its chain; a `?.` in `target` then skips both."""
        return target in self.short_circuits and not ast.is_closed(target)

    def type_of(self, node: ast.Node) -> Type:
        """The type that was found for an expression."""
        return self.facts.types.get(node, ANY)

    def declare(
        self,
        name: ast.Name,
        kind: Type,
        what: Literal["let", "parameter", "loop", "lambda", "error"],
        python: str | None = None,
        value: ast.Expr | None = None,
    ) -> Local:
        """Add a local to the innermost scope."""
        if python is None:
            python = self._distinct(local_name(name.text, self.env.resources), self.scope.python)
        self.scope.python.add(python)
        local = Local(name.text, python, kind, what, name.span, self.job, value)
        self.scope.names[name.text] = local
        return local

    @contextmanager
    def nested(
        self, python: set[str] | None = None, returns: ReturnTarget | None = None
    ) -> Iterator[None]:
        """Open a scope inside the current one; `returns` is the target of a `return` in it."""
        before = self.scope, self.return_target
        self.scope = Scope(self.scope, self.scope.python if python is None else python)
        self.return_target = returns or self.return_target
        yield
        self.scope, self.return_target = before

    def _distinct(self, name: str, taken: set[str]) -> str:
        if name not in taken:
            return name
        _, number = self._numbers.get((id(taken), name), (taken, 2))
        while f"{name}_{number}" in taken:
            number += 1
        self._numbers[id(taken), name] = (taken, number)
        return unclashed(f"{name}_{number}", taken)
