"""Finds every value from outside that a block or a function uses."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ... import ast
from ...analyses.walk import children, key_path
from ...diagnostics import Problems
from ...library import Signature
from ...names import snake_case
from ...program import (
    Capture,
    CaptureKind,
    ChangeCall,
    Column,
    FunctionCall,
    JobInfo,
    KeyAccess,
    LibraryCall,
    Local,
    Program,
    RecordCall,
    RecordColumn,
    RelationUse,
    ResourceInfo,
    SelfColumn,
    ServiceCall,
    StructField,
)
from ...source import Span
from ...types import ANY, BOOL, ERROR, STRING, Record, Type, is_nullable, optional, required
from ..fields import needed_key
from ..narrowing import SELF, Path
from .sensitive_values import sensitive_column


@dataclass(frozen=True)
class CaptureUse:
    """A value that is captured, and where it is used; `sensitive` names its sensitive column."""

    capture: Capture
    span: Span
    sensitive: str | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """The identity of the captured value, equal for all uses of it."""
        return self.capture.kind, self.capture.path, self.capture.local


def use_of(
    span: Span,
    what: CaptureKind,
    path: tuple[str, ...],
    kind: Type,
    local: Local | None = None,
    *,
    name: str | None = None,
    node: ast.Expr | None = None,
    sensitive: str | None = None,
) -> CaptureUse:
    """The use of a value; by default its name is its path."""
    name = name or "_".join(part.rstrip("?!") for part in path)
    return CaptureUse(Capture(name, name, kind, what, path, node, local), span, sensitive)


@dataclass(frozen=True)
class CaptureFinder:
    """Finds the values that a job and its nested jobs use.

    Without a job, it finds the values of `self` and `Context` that a function uses. For a call it
    takes the `reads` of the called function, which must be settled before. `known` are the paths
    that are not nil where the job is enqueued. On create, previous values may be nil.
    """

    program: Program
    problems: Problems
    resource: ResourceInfo
    job: JobInfo | None = None
    known: frozenset[Path] = frozenset()
    on_create: bool = True

    def uses(self, *roots: ast.Node) -> Iterator[CaptureUse]:
        """The uses at and below some nodes, in the order of the source."""
        pending: list[ast.Node | CaptureUse] = [*reversed(roots)]
        while pending:
            current = pending.pop()
            if isinstance(current, CaptureUse):
                yield current
            else:
                pending.extend(reversed([*self._at(current)]))

    def _at(self, node: ast.Node) -> Iterator[CaptureUse | ast.Node]:
        """The uses at a node, and the nodes in it that remain to be searched."""
        match self.program.facts.resolutions.get(node), node:
            case Local() as local, _:
                if local.is_captured_by(self.job):
                    yield from self._local(local, node.span)
            case SelfColumn() | StructField() | RecordColumn(), ast.Member():
                yield self._path(node)
            case RelationUse() as use, ast.Member(target=target):
                yield from self._relation(use, target, node.span)
            case FunctionCall() as call, ast.Call() | ast.Member():
                callee = node.callee if isinstance(node, ast.Call) else node
                receiver = callee.target if isinstance(callee, ast.Member) else None
                yield from self._function(call, receiver, node.span)
            case ChangeCall() as call, _:
                yield from self._change(call, node.span)
            case KeyAccess(), ast.Member():
                yield from self._context(node)
            case LibraryCall(signature=Signature(namespace="Context")), ast.Call() | ast.Member():
                yield from self._context(node)
            case LibraryCall() as call, _:
                yield from (argument for argument in call.arguments if argument is not None)
                yield from call.extra
            case ServiceCall() as call, _:
                yield from (*call.positional, *(value for _, value in call.named))
            case RecordCall() as call, _:
                yield from (*([call.receiver] if call.receiver else []), *call.arguments)
            case _, ast.SelfRef():
                name = self.resource.name
                yield use_of(node.span, "snapshot", (), Record(name), name=snake_case(name))
            case _, ast.Assign(target=target, value=value):
                root: ast.Node = target
                while isinstance(root, ast.Member):
                    root = root.target
                if isinstance(root, ast.SelfRef):
                    yield from self._key(target.span)
                yield value
            case _:
                yield from children(node)

    def _local(self, local: Local, span: Span) -> Iterator[CaptureUse]:
        """A whole local, or the two parts of a rescued error."""
        if required(local.type) == ERROR:
            for part in ("message", "type"):
                yield use_of(span, "error", (local.name, part), STRING, local)
            return
        kind = required(local.type) if (local,) in self.known else local.type
        sensitive = sensitive_column(self.program, self.resource, local)
        yield use_of(span, "local", (local.name,), kind, local, sensitive=sensitive)

    def _path(self, node: ast.Member) -> CaptureUse | ast.Node:
        """`self.address.country`, or `item.sku` of a local that holds a record."""
        columns: list[Column] = []
        current: ast.Node = node
        while isinstance(current, ast.Member):
            match self.program.facts.resolutions.get(current):
                case StructField(column=column):
                    columns.insert(0, column)
                    current = current.target
                case SelfColumn(column=column):
                    return self._column(None, [column, *columns], node.span)
                case RecordColumn(column=column) if local := self._captured_record(current.target):
                    return self._column(local, [column, *columns], node.span)
                case _:
                    break
        return node.target

    def _captured_record(self, node: ast.Node) -> Local | None:
        local = self.program.facts.resolutions.get(node)
        if isinstance(local, Local) and isinstance(required(local.type), Record):
            return local if local.is_captured_by(self.job) else None
        return None

    def _column(self, local: Local | None, columns: list[Column], span: Span) -> CaptureUse:
        """A column, or a value in it, of `self` or of a local that holds a record.

        The value may be nil if any value on its path may be nil.
        """
        names = tuple(column.name for column in columns)
        kind = required(columns[-1].type)
        path: Path = (SELF if local is None else local,)
        nil = local is not None and is_nullable(local.type) and path not in self.known
        for column in columns:
            path = (*path, column.name)
            nil |= is_nullable(column.type) and path not in self.known
        if nil and path not in self.known:
            kind = optional(kind)
        if local is None:
            sensitive = self._name_if_sensitive(columns[0])
            return use_of(span, "self_path", names, kind, sensitive=sensitive)
        record = required(local.type)
        assert isinstance(record, Record)
        sensitive = f"{record.resource}.{names[0]}" if columns[0].sensitive else None
        return use_of(span, "local_path", (local.name, *names), kind, local, sensitive=sensitive)

    def _name_if_sensitive(self, column: Column) -> str | None:
        return f"{self.resource.name}.{column.name}" if column.sensitive else None

    def _relation(
        self, use: RelationUse, target: ast.Expr, span: Span
    ) -> Iterator[CaptureUse | ast.Node]:
        """The key by which a relation is loaded."""
        is_own = isinstance(target, ast.SelfRef)
        local = None if is_own else self._captured_record(target)
        relation, owner = use.relation, self.program.resources[use.owner]
        if local is None and not is_own:
            yield target
        elif is_own and relation.kind != "to_one":
            yield from self._key(span)
        else:
            key = relation.key if relation.kind == "to_one" else owner.primary_key
            if (column := owner.columns.get(key or "")) is not None:
                if (SELF if local is None else local, relation.name) in self.known:
                    column = replace(column, type=required(column.type))
                yield self._column(local, [column], span)

    def _key(self, span: Span) -> Iterator[CaptureUse]:
        column = needed_key(self.resource, span, self.problems)
        if column is not None:
            yield self._column(None, [column], span)

    def _function(
        self,
        call: FunctionCall,
        receiver: ast.Expr | None,
        span: Span,
    ) -> Iterator[CaptureUse | ast.Node]:
        """The values that a called function reads."""
        is_own = receiver is None or isinstance(receiver, ast.SelfRef)
        for found in call.function.reads:
            if is_own or found.kind == "context":
                yield self._read(found, span)
        if receiver is not None and not is_own:
            yield receiver
        yield from (argument for argument in call.arguments if argument is not None)

    def _read(self, found: Capture, span: Span) -> CaptureUse:
        if found.kind not in ("change", "self_path"):
            return CaptureUse(found, span)
        column = self.resource.columns[found.path[0]]
        if found.kind == "change":
            return self._changed(column, found.path[1], span)
        if (SELF, *found.path) in self.known:
            found = replace(found, type=required(found.type))
        return CaptureUse(found, span, self._name_if_sensitive(column))

    def _change(self, call: ChangeCall, span: Span) -> Iterator[CaptureUse | ast.Node]:
        if call.kind != "previous_value":
            yield self._changed(call.column, "changed", span)
        if call.kind in ("previous_value", "changed_from"):
            yield self._changed(call.column, "previous", span)
        if call.kind == "changed_to":
            yield self._column(None, [call.column], span)
        if call.argument is not None:
            yield call.argument

    def _changed(self, column: Column, part: str, span: Span) -> CaptureUse:
        """Whether a column is `changed`, or its `previous` value."""
        path = (column.name, part)
        if part == "changed":
            return use_of(span, "change", path, BOOL)
        kind = optional(column.type) if self.on_create else column.type
        sensitive = self._name_if_sensitive(column)
        name = f"previous_{column.name}"
        return use_of(span, "change", path, kind, name=name, sensitive=sensitive)

    def _context(self, node: ast.Call | ast.Member) -> Iterator[CaptureUse | ast.Node]:
        """`Context.current_user.id` is one value; other chains of keys use what they start with.

        For a part of `current_user!`, `authenticated?` is captured too.
        """
        root, keys = key_path(self.program.facts, node)
        call = self.program.facts.resolutions.get(root)
        if not isinstance(call, LibraryCall) or call.signature.namespace != "Context":
            yield root
            return
        path = (call.signature.name, *keys)
        kind = self.program.facts.types.get(node, ANY)
        yield use_of(node.span, "context", path, kind, node=node)
        if path[0] == "current_user!" and len(path) > 1:
            yield use_of(node.span, "context", ("authenticated?",), BOOL)
