"""Every value from outside that a block or a function uses."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from .. import ast
from ..diagnostics import Problems
from ..names import snake_case
from ..program import (
    Capture,
    ChangeCall,
    Column,
    ComputedUse,
    FunctionCall,
    FunctionInfo,
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
from ..source import Span
from ..types import ANY, BOOL, STRING, ErrorType, Record, Type, is_nullable, optional, required
from ..walk import children
from .narrow import SELF

CONTEXT = "Context"


@dataclass(frozen=True)
class Use:
    """A value that is captured, and where it is used; `sensitive` names its sensitive column."""

    capture: Capture
    span: Span
    sensitive: str | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """Two uses of one value have the same key."""
        return self.capture.kind, self.capture.path, self.capture.local


@dataclass
class UseFinder:
    """Finds uses in the code of one resource.

    What a function uses is what its `reads` say, which must be settled before jobs are looked at.
    """

    resource: ResourceInfo
    program: Program
    problems: Problems

    def of_job(self, job: JobInfo, *, on_create: bool) -> list[Use]:
        """What a block uses, nested blocks included; on create, previous values may be nil."""
        known = self.program.facts.known_at.get(job.block, frozenset())
        return list(_Search(self, job, on_create, known).below(job.block.body))

    def of_function(self, function: FunctionInfo) -> list[Use]:
        """What a `@function` or `@computed` uses of `self` and of `Context`."""
        search = _Search(self, None, on_create=True)
        defaults = [parameter.default for parameter in function.parameters if parameter.default]
        return [use for node in (*defaults, function.body) for use in search.below(node)]


@dataclass
class _Search:
    finder: UseFinder
    job: JobInfo | None
    on_create: bool
    known: frozenset[tuple[object, ...]] = frozenset()

    def below(self, root: ast.Node) -> Iterator[Use]:
        """The uses at and below a node, in the order of the source."""
        pending: list[ast.Node] = [root]
        while pending:
            node = pending.pop()
            uses, further = self._at(node)
            yield from uses
            pending.extend(reversed(further))

    def _at(self, node: ast.Node) -> tuple[list[Use], list[ast.Node]]:
        """The uses at a node, and the nodes in it that remain to be looked at."""
        match self.finder.program.facts.resolutions.get(node), node:
            case Local() as local, _:
                return self._local(local, node.span), []
            case SelfColumn() | StructField() | RecordColumn(), ast.Member():
                return self._path(node)
            case RelationUse() as use, ast.Member(target=target):
                return self._relation(use, target, node.span)
            case ComputedUse(function=function), ast.Member(target=target):
                return self._function(function, target, (), node.span)
            case FunctionCall() as call, ast.Call(callee=callee):
                receiver = callee.target if isinstance(callee, ast.Member) else None
                return self._function(call.function, receiver, call.arguments, node.span)
            case ChangeCall() as call, _:
                return self._change(call, node.span), [call.argument] if call.argument else []
            case KeyAccess(), ast.Member():
                return self._keys(node)
            case LibraryCall() as call, _ if call.signature.namespace == CONTEXT:
                return [self._context(call, (), node)], []
            case LibraryCall() as call, _:
                given = [argument for argument in call.arguments if argument is not None]
                return [], [*given, *call.extra]
            case ServiceCall() as call, _:
                return [], [*call.positional, *(value for _, value in call.named)]
            case RecordCall() as call, _:
                return [], [*([call.receiver] if call.receiver else []), *call.arguments]
        match node:
            case ast.SelfRef():
                return [self._snapshot(node.span)], []
            case ast.Assign(target=target, value=value):
                return self._key(target.span) if _is_of_self(target) else [], [value]
        return [], list(children(node))

    def _path(self, node: ast.Node) -> tuple[list[Use], list[ast.Node]]:
        columns: list[Column] = []
        current: ast.Node = node
        resolutions = self.finder.program.facts.resolutions
        while isinstance(current, ast.Member):
            match resolutions.get(current):
                case StructField(column=column):
                    columns.insert(0, column)
                    current = current.target
                case SelfColumn(column=column):
                    return [self._self_path([column, *columns], node.span)], []
                case RecordColumn(column=column):
                    local = self._outer_record(current.target)
                    if local is None:
                        break
                    return [self._local_path(local, [column, *columns], node.span)], []
                case _:
                    break
        assert isinstance(node, ast.Member)
        return [], [node.target]

    def _self_path(self, columns: list[Column], span: Span) -> Use:
        path = tuple(column.name for column in columns)
        sensitive = f"{self.finder.resource.name}.{path[0]}" if columns[0].sensitive else None
        kind = self._type_of(columns, (SELF,))
        return Use(_capture("_".join(path), kind, "self_path", path), span, sensitive)

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

    def _local_path(self, local: Local, columns: list[Column], span: Span) -> Use:
        kind = required(local.type)
        assert isinstance(kind, Record)
        path = (local.name, *(column.name for column in columns))
        sensitive = f"{kind.resource}.{path[1]}" if columns[0].sensitive else None
        found = self._type_of(columns, (local,))
        if is_nullable(local.type) and self.known.isdisjoint({(local,), (local, *path[1:])}):
            found = optional(found)
        return Use(_capture("_".join(path), found, "local_path", path, local), span, sensitive)

    def _relation(
        self, use: RelationUse, target: ast.Expr, span: Span
    ) -> tuple[list[Use], list[ast.Node]]:
        if not isinstance(target, ast.SelfRef):
            local = self._outer_record(target)
            if local is None:
                return [], [target]
            owner = self.finder.program.resources[use.owner]
            key = use.relation.key if use.relation.kind == "to_one" else owner.primary_key
            column = owner.columns.get(key or "")
            if column is not None and (local, use.relation.name) in self.known:
                column = replace(column, type=required(column.type))
            return ([self._local_path(local, [column], span)] if column else []), []
        if use.relation.kind != "to_one":
            return self._key(span), []
        column = self.finder.resource.columns.get(use.relation.key)
        if column is not None and (SELF, use.relation.name) in self.known:
            column = replace(column, type=required(column.type))
        return ([self._self_path([column], span)] if column else []), []

    def _function(
        self,
        function: FunctionInfo,
        receiver: ast.Expr | None,
        arguments: tuple[ast.Expr | None, ...],
        span: Span,
    ) -> tuple[list[Use], list[ast.Node]]:
        given: list[ast.Node] = [argument for argument in arguments if argument is not None]
        if receiver is not None and not isinstance(receiver, ast.SelfRef):
            return [], [receiver, *given]
        return [self._read(found, span) for found in function.reads], given

    def _read(self, found: Capture, span: Span) -> Use:
        columns = self.finder.resource.columns
        column = columns.get(found.path[0]) if found.path else None
        if found.kind == "change" and column is not None:
            return self._changed(column, found.path[1], span)
        if found.kind == "self_path" and (SELF, *found.path) in self.known:
            found = replace(found, type=required(found.type))
        if found.kind == "self_path" and column is not None and column.sensitive:
            return Use(found, span, f"{self.finder.resource.name}.{column.name}")
        return Use(found, span)

    def _change(self, call: ChangeCall, span: Span) -> list[Use]:
        column = call.column
        match call.kind:
            case "previous_value":
                return [self._changed(column, "previous", span)]
            case "changed":
                return [self._changed(column, "changed", span)]
            case "changed_to":
                return [self._changed(column, "changed", span), self._self_path([column], span)]
            case "changed_from":
                parts = ("changed", "previous")
                return [self._changed(column, part, span) for part in parts]

    def _changed(self, column: Column, part: str, span: Span) -> Use:
        path = (column.name, part)
        if part == "changed":
            return Use(_capture(f"{column.name}_changed", BOOL, "change", path), span)
        kind = optional(column.type) if self.on_create else column.type
        sensitive = f"{self.finder.resource.name}.{column.name}" if column.sensitive else None
        return Use(_capture(f"previous_{column.name}", kind, "change", path), span, sensitive)

    def _local(self, local: Local, span: Span) -> list[Use]:
        if self._is_inside(local):
            return []
        if isinstance(required(local.type), ErrorType):
            return [
                Use(
                    _capture(f"{local.name}_{part}", STRING, "error", (local.name, part), local),
                    span,
                )
                for part in ("message", "type")
            ]
        kind = required(local.type) if (local,) in self.known else local.type
        return [Use(_capture(local.name, kind, "local", (local.name,), local), span)]

    def _outer_record(self, node: ast.Node) -> Local | None:
        local = self.finder.program.facts.resolutions.get(node)
        if isinstance(local, Local) and isinstance(required(local.type), Record):
            return None if self._is_inside(local) else local
        return None

    def _is_inside(self, local: Local) -> bool:
        if self.job is None:
            return True
        owner = local.owner
        while owner is not None and owner is not self.job:
            owner = owner.parent
        return owner is not None

    def _snapshot(self, span: Span) -> Use:
        name = self.finder.resource.name
        return Use(_capture(snake_case(name), Record(name), "snapshot", ()), span)

    def _key(self, span: Span) -> list[Use]:
        resource = self.finder.resource
        column = resource.columns.get(resource.primary_key or "")
        if column is not None:
            return [self._self_path([column], span)]
        self.finder.problems.error(
            "ASY904",
            span,
            f"this needs the primary key of `{resource.name}`, which has none",
            "mark one field with `@primary`",
        )
        return []

    def _keys(self, node: ast.Member) -> tuple[list[Use], list[ast.Node]]:
        """`Context.current_user.id` is one value; of any other chain of keys, what it starts at."""
        names: list[str] = []
        root: ast.Node = node
        resolutions = self.finder.program.facts.resolutions
        while isinstance(root, ast.Member) and isinstance(resolutions.get(root), KeyAccess):
            names.append(root.name.text)
            root = root.target
        call = resolutions.get(root)
        if isinstance(call, LibraryCall) and call.signature.namespace == CONTEXT:
            return [self._context(call, tuple(reversed(names)), node)], []
        return [], [root]

    def _context(self, call: LibraryCall, keys: tuple[str, ...], node: ast.Node) -> Use:
        path = (call.signature.name, *keys)
        name = "_".join(part.rstrip("?!") for part in path)
        kind = self.finder.program.facts.types.get(node, ANY)
        return Use(Capture(name, name, kind, "context", path, node), node.span)  # type: ignore[arg-type]


def _capture(
    name: str, kind: Type, what: str, path: tuple[str, ...], local: Local | None = None
) -> Capture:
    return Capture(name, name, kind, what, path, None, local)  # type: ignore[arg-type]


def _is_of_self(target: ast.Expr) -> bool:
    node: ast.Node = target
    while isinstance(node, ast.Member):
        node = node.target
    return isinstance(node, ast.SelfRef)
