"""The values that a use captures: what they are called, and of which type."""

from dataclasses import dataclass, replace

from ... import ast
from ...names import snake_case
from ...program import Capture, CaptureKind, ChangeCall, Column, Local, ResourceInfo
from ...source import Span
from ...types import BOOL, STRING, ErrorType, Record, Type, is_nullable, optional, required
from ..narrowing import SELF


@dataclass(frozen=True)
class CaptureUse:
    """A value that is captured, and where it is used; `sensitive` names its sensitive column."""

    capture: Capture
    span: Span
    sensitive: str | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """Two uses of one value have the same key."""
        return self.capture.kind, self.capture.path, self.capture.local


@dataclass(frozen=True)
class CaptureBuilder:
    """The values of a record and of locals at the place of an enqueue.

    `known` are the paths that are not nil there; on create, previous values may be nil.
    """

    resource: ResourceInfo
    known: frozenset[tuple[object, ...]]
    on_create: bool

    def self_path(self, columns: list[Column], span: Span) -> CaptureUse:
        """`self.address.country`."""
        path = tuple(column.name for column in columns)
        sensitive = f"{self.resource.name}.{path[0]}" if columns[0].sensitive else None
        kind = self._type_of(columns, (SELF,))
        return CaptureUse(_capture("_".join(path), kind, "self_path", path), span, sensitive)

    def local_path(self, local: Local, columns: list[Column], span: Span) -> CaptureUse:
        """`item.sku` of a local that holds a record."""
        kind = required(local.type)
        assert isinstance(kind, Record)
        path = (local.name, *(column.name for column in columns))
        sensitive = f"{kind.resource}.{path[1]}" if columns[0].sensitive else None
        found = self._type_of(columns, (local,))
        if is_nullable(local.type) and self.known.isdisjoint({(local,), (local, *path[1:])}):
            found = optional(found)
        return CaptureUse(
            _capture("_".join(path), found, "local_path", path, local), span, sensitive
        )

    def _type_of(self, columns: list[Column], root: tuple[object, ...]) -> Type:
        """The type at the end of a path: nil is possible where any value on it may be nil."""
        kind = required(columns[-1].type)
        paths = [(*root, *(c.name for c in columns[: end + 1])) for end in range(len(columns))]
        if paths[-1] in self.known:
            return kind
        reached = zip(columns, paths, strict=True)
        if any(is_nullable(column.type) and path not in self.known for column, path in reached):
            return optional(kind)
        return kind

    def local(self, local: Local, span: Span, sensitive: str | None = None) -> list[CaptureUse]:
        """A whole local, which may hold a sensitive column; of a rescued error, its two parts."""
        if isinstance(required(local.type), ErrorType):
            return [
                CaptureUse(
                    _capture(f"{local.name}_{part}", STRING, "error", (local.name, part), local),
                    span,
                )
                for part in ("message", "type")
            ]
        kind = required(local.type) if (local,) in self.known else local.type
        return [
            CaptureUse(_capture(local.name, kind, "local", (local.name,), local), span, sensitive)
        ]

    def snapshot(self, span: Span) -> CaptureUse:
        """`self` as a whole."""
        name = self.resource.name
        return CaptureUse(_capture(snake_case(name), Record(name), "snapshot", ()), span)

    def changed(self, column: Column, part: str, span: Span) -> CaptureUse:
        """Whether a column is `changed`, or its `previous` value."""
        path = (column.name, part)
        if part == "changed":
            return CaptureUse(_capture(f"{column.name}_changed", BOOL, "change", path), span)
        kind = optional(column.type) if self.on_create else column.type
        sensitive = f"{self.resource.name}.{column.name}" if column.sensitive else None
        return CaptureUse(
            _capture(f"previous_{column.name}", kind, "change", path), span, sensitive
        )

    def change(self, call: ChangeCall, span: Span) -> list[CaptureUse]:
        """What a job needs to answer a question about a change."""
        column = call.column
        match call.kind:
            case "previous_value":
                return [self.changed(column, "previous", span)]
            case "changed":
                return [self.changed(column, "changed", span)]
            case "changed_to":
                return [self.changed(column, "changed", span), self.self_path([column], span)]
            case "changed_from":
                parts = ("changed", "previous")
                return [self.changed(column, part, span) for part in parts]

    def read(self, found: Capture, span: Span) -> CaptureUse:
        """What a function reads, at the place where it is called."""
        columns = self.resource.columns
        column = columns.get(found.path[0]) if found.path else None
        if found.kind == "change" and column is not None:
            return self.changed(column, found.path[1], span)
        if found.kind == "self_path" and (SELF, *found.path) in self.known:
            found = replace(found, type=required(found.type))
        if found.kind == "self_path" and column is not None and column.sensitive:
            return CaptureUse(found, span, f"{self.resource.name}.{column.name}")
        return CaptureUse(found, span)

    def authenticated(self, span: Span) -> CaptureUse:
        """Whether it is known who makes the request."""
        return CaptureUse(_capture("authenticated", BOOL, "context", ("authenticated?",)), span)

    def context(self, path: tuple[str, ...], node: ast.Expr, kind: Type) -> CaptureUse:
        """A value of `Context`, evaluated where the job is enqueued."""
        name = "_".join(part.rstrip("?!") for part in path)
        return CaptureUse(Capture(name, name, kind, "context", path, node), node.span)


def _capture(
    name: str, kind: Type, what: CaptureKind, path: tuple[str, ...], local: Local | None = None
) -> Capture:
    return Capture(name, name, kind, what, path, None, local)
