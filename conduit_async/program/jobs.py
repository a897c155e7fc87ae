"""Jobs: what each captures, and how its older payloads are read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from .. import ast
from ..lock.model import Fields, Unreadable
from ..lock.upcast import NewFields, Upcast
from ..source import Span
from ..types import Shape, Type


@dataclass(frozen=True, eq=False)
class Local:
    """A `let`, a parameter, a loop variable, a lambda's parameter or a rescue's error.

    `owner` is the job in whose block it is declared (None: the hook's or a function's body);
    `python` is its name in generated code, `value` what a `let` gives it first.
    """

    name: str
    python: str
    type: Type
    kind: Literal["let", "parameter", "loop", "lambda", "error"]
    span: Span
    owner: "JobInfo | None"
    value: ast.Expr | None = None

    def is_captured_by(self, job: "JobInfo | None") -> bool:
        """Whether it belongs to the code around a job, which stores its value."""
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
    `(local, "message")` or `(local, "type")`. `node` is an expression that gives the value at the
    place of the enqueue, for context; `local` is the one that is captured, for locals and errors.
    `shape` has the types within a hash or an array of mixed values. `is_sensitive`: it is the
    value of a sensitive column.
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
    """A shape that payloads of a job type had.

    `classes` are the names of its own class (of the path "") and of those of the structs and
    snapshots in it. `by_hand`: the application has an upcaster of it, so none is generated.
    """

    fields: Fields
    classes: Mapping[str, str]
    upcast: Upcast | Unreadable
    by_hand: bool = False


Upcasters: TypeAlias = frozenset[tuple[str, str, str]]
"""The upcasters of an application: the handler's module (empty if unknown), the handler, the shape.
"""


@dataclass(eq=False)
class JobInfo:
    """One `@async` block, which is one job type.

    `python` is the handler's name and `payload` the payload class's; `parent` is the job around.
    `options` are those given, checked: constants as Python values (durations in seconds),
    expressions as nodes. `hook_name` is the resource and the event: `Order.after_create`.
    `fields` is the shape of its payload, `older` are those that the lock has beside it, of its name
    and of those that it had before (`was`), by fingerprint; `older_payloads` says what reads them,
    given what is known of the `new_fields`. `statements` are what tells an unnamed
    block from others, as in the lock.
    """

    block: ast.Async
    parent: "JobInfo | None" = None
    name: str = ""
    python: str = ""
    payload: str = ""
    fingerprint: str = ""
    queue: str = ""
    priority: int = 0
    max_attempts: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    captures: tuple[Capture, ...] = ()
    was: tuple[str, ...] = ()
    hook_name: str = ""
    fields: Fields = field(default_factory=dict)
    older: Mapping[str, Fields] = field(default_factory=dict)
    statements: tuple[str, ...] = ()
    new_fields: NewFields = field(default_factory=dict)
    older_payloads: dict[str, OlderPayload] = field(default_factory=dict)


@dataclass(eq=False)
class HookInfo:
    """One `@after` hook of a resource that has jobs.

    `jobs` are in the order of the source, outer before nested.
    """

    node: ast.Hook
    jobs: list[JobInfo]
