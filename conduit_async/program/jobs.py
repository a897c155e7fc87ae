"""The jobs of hooks, and what each captures."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from .. import ast
from ..types import Shape, Type

if TYPE_CHECKING:
    from .resolutions import Local


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
    `shape` tells the types within a hash or an array of mixed values. `is_sensitive`: it is the
    value of a sensitive column.
    """

    name: str
    python: str
    type: Type
    kind: CaptureKind
    path: tuple[str, ...]
    node: ast.Expr | None = None
    local: "Local | None" = None
    shape: Shape | None = None
    is_sensitive: bool = False


@dataclass(eq=False)
class JobInfo:
    """One `@async` block, which is one job type.

    `python` is the handler's name and `payload` the payload class's; `nested` are the blocks
    directly inside. `options` are those given, checked: constants as Python values (durations in
    seconds), expressions as nodes.
    """

    name: str
    python: str
    payload: str
    fingerprint: str
    queue: str
    priority: int
    max_attempts: int
    options: dict[str, Any]
    block: ast.Async
    captures: tuple[Capture, ...]
    parent: "JobInfo | None" = None
    nested: list["JobInfo"] = field(default_factory=list)


@dataclass(eq=False)
class HookInfo:
    """One `@after` hook of a resource that has jobs, with its jobs in the order of the source."""

    node: ast.Hook
    jobs: list[JobInfo]
    uses_services: bool = False
    uses_context: bool = False
