"""Jobs: the values that each captures, and how its older payloads are read."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from .. import ast
from ..lock.model import Fields, Pause, Unreadable
from ..lock.upcast import NewFields, Upcast
from ..source import Span
from ..types import Shape, Type


@dataclass(frozen=True, eq=False)
class Local:
    """A `let`, a parameter, a loop variable, a lambda's parameter or a rescue's error.

    `owner` is the job whose block declares it; None for the body of a hook or a function.
    `python` is its name in generated code, `value` its first value if a `let` declares it.
    """

    name: str
    python: str
    type: Type
    kind: Literal["let", "parameter", "loop", "lambda", "error"]
    span: Span
    owner: "JobInfo | None"
    value: ast.Expr | None = None

    def is_captured_by(self, job: "JobInfo | None") -> bool:
        """Whether the code around a job declares it; the job then stores its value."""
        owner = self.owner
        while job is not None and owner is not None and owner is not job:
            owner = owner.parent
        return job is not None and owner is None


CaptureKind: TypeAlias = Literal[
    "self_path",  # one value of the record: `path` is ("address", "country")
    "snapshot",  # the whole record, as a snapshot
    "local",  # a `let`, parameter or loop variable; `path` is its name
    "local_path",  # a value of a local that holds a record: ("item", "sku")
    "error",  # `err` of a rescue: two fields, message and type
    "change",  # change tracking: `self.x_changed?` and its kin, or `previous_value(:x)`
    "context",  # a value of `Context`
]


@dataclass(frozen=True)
class Capture:
    """One field of a job's payload.

    `name` is the JSON key, `python` the attribute of the payload class. `path` names what is
    captured: for a change `(column, "changed")` or `(column, "previous")`, for an error
    `(local, "message")` or `(local, "type")`. `node`, for context, is an expression that gives the
    value where the job is enqueued. `local`, for locals and errors, is the captured local. `shape`
    has the types within a hash or an array of mixed values. `is_sensitive` marks the value of a
    sensitive column.
    """

    name: str
    python: str
    type: Type
    kind: CaptureKind
    path: tuple[str, ...]
    node: ast.Expr | None = None
    local: Local | None = None
    shape: Shape | None = None
    is_sensitive: bool = False


@dataclass(frozen=True)
class OlderPayload:
    """An older shape of the payloads of a job type.

    `classes` are the names of its own class (at the path "") and of the classes of the structs and
    snapshots in it. `by_hand`: the application has an upcaster for it, so none is generated.
    """

    fields: Fields
    classes: Mapping[str, str]
    upcast: Upcast | Unreadable
    by_hand: bool = False


Upcasters: TypeAlias = frozenset[tuple[str, str, str]]
"""The upcasters of an application: the handler's module ("" if unknown), the handler, the shape."""


class _OneExpression(ABC):
    @property
    @abstractmethod
    def node(self) -> ast.Expr: ...

    @property
    def nodes(self) -> tuple[ast.Expr, ...]:
        """The code that runs in the step."""
        return (self.node,)


@dataclass(frozen=True)
class Items(_OneExpression):
    """The items of a loop `of` rows or of other values, which are stored in a `local`."""

    of: ast.For
    local: Local

    @property
    def node(self) -> ast.Expr:
        """The expression that gives the items."""
        return self.of.iterable


@dataclass(frozen=True)
class Tried(_OneExpression):
    """What a `rescue` in a statement tries, when its `body` has effects of its own.

    `error` is the error that it failed with, or nil. `value` is the local that the statement sets,
    if it is read.
    """

    of: ast.Statement
    rescue: ast.Rescue
    body: ast.Block
    error: Local
    value: Local | None = None

    @property
    def node(self) -> ast.Expr:
        """The expression that may fail."""
        return self.rescue.operand


@dataclass(frozen=True)
class Chosen:
    """What an `if` or a `match` chooses one of its blocks by, which is stored in a `local`.

    `nodes` are the conditions of an `if`, or the subject of a `match`. Of one condition it is
    stored whether it holds, of several the number of the first one that does.
    """

    of: ast.Statement
    local: Local
    nodes: tuple[ast.Expr, ...]

    @property
    def node(self) -> ast.If | ast.Match:
        """What chooses."""
        found = self.of.value if isinstance(self.of, ast.ExprStatement) else self.of
        assert isinstance(found, ast.If | ast.Match)
        return found


Part: TypeAlias = Items | Tried | Chosen


@dataclass(eq=False)
class StepInfo:
    """A step of a block: consecutive statements, the last of which has an effect.

    `name` is its name in the source, such as `billing.invoice`. `kept` are the locals and fields
    that later code reads: their values are stored with the record of the step, in the class
    `record`. Of a local in `members`, later code reads only these members. If it `only_writes`, its
    writes commit together with its record, or without one with the end of the job or of the turn.
    If it `takes_turns`, it is a loop, whose turns are stored one by one; `items` are its items if
    they are stored, `loop` is such a loop around the step. `pause` says whether it is a sleep or a
    wait for the signal of its name. `part` is what the statement behind its own evaluates first, if
    the step ends with it. `fields` are the kept values as the lock has them. `hash` tells its last
    statement from others, `within` the branches that lead to it, `place` is its number in the order
    of the code. What it keeps is needed `until` another one ends, with the rest of its statement or
    of its function. If JSON cannot hold it, both end together.
    """

    name: str
    statements: tuple[ast.Statement, ...]
    kept: tuple[Capture, ...] = ()
    members: Mapping[Local, tuple[str, ...]] = field(default_factory=dict)
    only_writes: bool = False
    takes_turns: bool = False
    loop: "StepInfo | None" = None
    pause: Pause = ""
    items: Items | None = None
    part: Part | None = None
    record: str = ""
    fields: Fields = field(default_factory=dict)
    hash: str = ""
    within: str = ""
    place: int = 0
    until: "StepInfo | None" = None

    @property
    def first(self) -> ast.Statement:
        """The statement with which it begins."""
        if self.statements or self.part is None:
            return self.statements[0]
        return self.part.of

    @property
    def nodes(self) -> tuple[ast.Node, ...]:
        """The code that runs in the step; of a loop, its turns."""
        if self.takes_turns:
            return tuple(each.body for each in self.statements if isinstance(each, ast.For))
        return self.statements if self.part is None else (*self.statements, *self.part.nodes)

    @property
    def depth(self) -> int:
        """The number of loops around it, itself included."""
        return 1 + (0 if self.loop is None else self.loop.depth)


@dataclass(frozen=True)
class Rewritten:
    """The `body` of a block in which each effect is a statement that a step can end with.

    `originals` has the nodes that are not in the source, each with the one that it stands for.
    `lifted` are the `let`s of effects, and of values to their left, that were part of a statement.
    `wholes` has the statements with the one that they end together with, if JSON cannot hold what
    they keep. `calls` has the code of functions, with the calls in whose place it stands, the one
    in the block first. `joined` has statements whose branches each give a local its first value.
    """

    body: ast.Block
    originals: Mapping[ast.Node, ast.Node] = field(default_factory=dict)
    lifted: frozenset[ast.Statement] = frozenset()
    wholes: Mapping[ast.Statement, ast.Statement] = field(default_factory=dict)
    calls: Mapping[ast.Node, tuple[ast.Node, ...]] = field(default_factory=dict)
    joined: Mapping[ast.Statement, Local] = field(default_factory=dict)


@dataclass(eq=False)
class JobInfo:
    """One `@async` block, which is one job type.

    `python` is the handler's name and `payload` that of the payload class; `parent` is the job
    around it. `options` are the checked options: constants as Python values (durations in seconds),
    expressions as nodes. `hook_name` is the resource and the event: `Order.after_create`.
    `fields` is the shape of its payload. `older` are the other shapes that the lock has, under its
    name and its earlier names (`was`), by fingerprint. `older_payloads` says how they are read,
    from `new_fields`. `statements` are the hashes that tell an unnamed block from others, `calls`
    are its calls and writes, once for each place, both as in the lock. `steps` are those that are
    stored when they end, in the order of the source, `unrecorded` the statements with effects that
    follow the last steps. `had_steps` is whether the lock has steps of it. `obstacle` is why a part
    of its block has no steps, and a hint. `rewritten` is the code that is compiled.
    """

    block: ast.Async
    parent: "JobInfo | None" = None
    name: str = ""
    python: str = ""
    payload: str = ""
    fingerprint: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    captures: tuple[Capture, ...] = ()
    was: tuple[str, ...] = ()
    hook_name: str = ""
    fields: Fields = field(default_factory=dict)
    older: Mapping[str, Fields] = field(default_factory=dict)
    statements: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    new_fields: NewFields = field(default_factory=dict)
    older_payloads: dict[str, OlderPayload] = field(default_factory=dict)
    steps: tuple[StepInfo, ...] = ()
    unrecorded: tuple[StepInfo, ...] = ()
    had_steps: bool = False
    obstacle: tuple[str, str] | None = None
    rewritten: Rewritten | None = None

    @property
    def body(self) -> ast.Block:
        """The code that is compiled."""
        return self.block.body if self.rewritten is None else self.rewritten.body

    def original(self, node: ast.Node) -> ast.Node:
        """The node of the source that a node of `body` stands for."""
        return node if self.rewritten is None else self.rewritten.originals.get(node, node)

    def place_of(self, node: ast.Node) -> tuple[ast.Node, ...]:
        """The calls of functions that lead to a node of `body`, and the node in the source."""
        calls = () if self.rewritten is None else self.rewritten.calls.get(node, ())
        return (*calls, self.original(node))

    def is_lifted(self, statement: ast.Statement) -> bool:
        """Whether a statement of `body` was a part of one."""
        return self.rewritten is not None and statement in self.rewritten.lifted

    def whole_of(self, statement: ast.Statement) -> ast.Statement | None:
        """The statement with which one of `body` ends if JSON cannot hold what it keeps."""
        return None if self.rewritten is None else self.rewritten.wholes.get(statement)

    @property
    def stores_steps(self) -> bool:
        """Whether its jobs may have records of steps, perhaps of older code."""
        return bool(self.steps) or self.had_steps


@dataclass(eq=False)
class HookInfo:
    """One `@after` hook of a resource that has jobs.

    `jobs` are in the order of the source, outer before nested.
    """

    node: ast.Hook
    jobs: list[JobInfo]
