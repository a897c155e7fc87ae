"""The syntax tree of a source, before names are resolved.

Every node is frozen and knows its span. Nodes compare by identity, so that a later phase can keep
facts about a node in a dictionary. `doc` is the text of the `///` lines above.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from ..source import Span
from .code import *  # noqa: F403
from .code import Annotation, Block, Expr, Field, Pair, String, TypeRef
from .leaves import *  # noqa: F403
from .leaves import Name, Node

RelationKind: TypeAlias = Literal["has_many", "has_one", "belongs_to"]


class Relation(Node):
    """`@has_many Target through Through as "alias" { options }` and its siblings."""

    kind: RelationKind
    target: Name
    through: Name | None
    alias: String | None
    options: tuple[Pair, ...] = ()
    doc: str | None = None


class Parameter(Node):
    """`name: type = default`."""

    name: Name
    type: TypeRef
    default: Expr | None = None


class Function(Node):
    """`@function name(parameters) -> result { … }`."""

    name: Name
    parameters: tuple[Parameter, ...]
    result: TypeRef | None
    body: Block
    doc: str | None = None


class Computed(Node):
    """`@computed name: type! { … }`; a lone expression is an `ExprStatement`.

    With a body of `key: value` pairs, these are in `pairs` and `body` is empty.
    """

    name: Name
    type: TypeRef
    body: Block
    doc: str | None = None
    pairs: tuple[Pair, ...] = ()


class Scope(Node):
    """`@scope name(parameters) { where: {…} order_by: "…" limit: 10 }`."""

    name: Name
    parameters: tuple[Parameter, ...]
    pairs: tuple[Pair, ...]
    body: Block | None
    doc: str | None = None


RuleKind: TypeAlias = Literal["validate", "constraint", "invariant"]


class Rule(Node):
    """`@validate`, `@constraint` or `@invariant`: pairs, or statements in `body`."""

    kind: RuleKind
    name: Name | None
    pairs: tuple[Pair, ...]
    body: Block | None
    doc: str | None = None


SettingKind: TypeAlias = Literal["nested", "operations", "middleware", "on"]


class Setting(Node):
    """`@nested under X as "xs"`, `@operations […]`, `@middleware […]`, `@on event: […]`."""

    kind: SettingKind
    name: Name | None
    alias: String | None
    value: Expr | None


HookTiming: TypeAlias = Literal["before", "after"]
Event: TypeAlias = Literal["create", "update", "delete", "save"]


class Hook(Node):
    """`@after create @transaction @async(options) { … }`.

    `header` is the span of everything before the block. With `@async` on the hook, `body` holds
    one `Async` statement, so that both forms are the same from here on.
    """

    timing: HookTiming
    event: Event
    transaction: bool
    body: Block
    header: Span
    doc: str | None = None


ResourceMember: TypeAlias = (
    Field | Relation | Function | Computed | Scope | Rule | Setting | Hook | Annotation
)


class Resource(Node):
    """`resource Name { members }`, members in the order of the source."""

    name: Name
    members: tuple[ResourceMember, ...]
    doc: str | None = None


class File(Node):
    """One source file; the tree lacks what is in its `unparsed` spans."""

    annotations: tuple[Annotation, ...]
    resources: tuple[Resource, ...]
    unparsed: tuple[Span, ...] = ()
