"""Every value from outside that a block or a function uses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ... import ast
from ...analyses.walk import children
from ...diagnostics import Problems, Related
from ...program import (
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
from ...source import Span
from ...types import ANY, Record, required
from ..narrowing import SELF
from .capture_builder import CaptureBuilder, CaptureUse
from .stored_records import is_outside


@dataclass
class CaptureFinder:
    """Finds uses in the code of one resource.

    What a function uses is what its `reads` say, which must be settled before jobs are looked at.
    """

    resource: ResourceInfo
    program: Program
    problems: Problems

    def of_job(self, job: JobInfo, *, on_create: bool) -> list[CaptureUse]:
        """What a block uses, nested blocks included; on create, previous values may be nil."""
        known = self.program.facts.known_at.get(job.block, frozenset())
        values = CaptureBuilder(self.resource, known, on_create)
        return list(_Search(self, values, job).below(job.block.body))

    def of_function(self, function: FunctionInfo) -> list[CaptureUse]:
        """What a `@function` or `@computed` uses of `self` and of `Context`."""
        search = _Search(self, CaptureBuilder(self.resource, frozenset(), on_create=True), None)
        defaults = [parameter.default for parameter in function.parameters if parameter.default]
        return [use for node in (*defaults, function.body) for use in search.below(node)]


@dataclass
class _Search:
    finder: CaptureFinder
    values: CaptureBuilder
    job: JobInfo | None

    def below(self, root: ast.Node) -> Iterator[CaptureUse]:
        """The uses at and below a node, in the order of the source."""
        pending: list[ast.Node] = [root]
        while pending:
            node = pending.pop()
            uses, further = self._at(node)
            yield from uses
            pending.extend(reversed(further))

    def _at(self, node: ast.Node) -> tuple[list[CaptureUse], list[ast.Node]]:
        """The uses at a node, and the nodes in it that remain to be looked at."""
        match self.finder.program.facts.resolutions.get(node), node:
            case Local() as local, _:
                if self._is_inside(local):
                    return [], []
                return self.values.local(local, node.span, self._sensitive(local)), []
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
                return self.values.change(call, node.span), [call.argument] if call.argument else []
            case KeyAccess(), ast.Member():
                return self._keys(node)
            case LibraryCall() as call, ast.Call() | ast.Member() if _is_context(call):
                return self._context(call, (), node), []
            case LibraryCall() as call, _:
                given = [argument for argument in call.arguments if argument is not None]
                return [], [*given, *call.extra]
            case ServiceCall() as call, _:
                return [], [*call.positional, *(value for _, value in call.named)]
            case RecordCall() as call, _:
                return [], [*([call.receiver] if call.receiver else []), *call.arguments]
        match node:
            case ast.SelfRef():
                return [self.values.snapshot(node.span)], []
            case ast.Assign(target=target, value=value):
                return self._key(target.span) if _is_of_self(target) else [], [value]
        return [], list(children(node))

    def _path(self, node: ast.Node) -> tuple[list[CaptureUse], list[ast.Node]]:
        columns: list[Column] = []
        current: ast.Node = node
        resolutions = self.finder.program.facts.resolutions
        while isinstance(current, ast.Member):
            match resolutions.get(current):
                case StructField(column=column):
                    columns.insert(0, column)
                    current = current.target
                case SelfColumn(column=column):
                    return [self.values.self_path([column, *columns], node.span)], []
                case RecordColumn(column=column):
                    local = self._outer_record(current.target)
                    if local is None:
                        break
                    return [self.values.local_path(local, [column, *columns], node.span)], []
                case _:
                    break
        assert isinstance(node, ast.Member)
        return [], [node.target]

    def _relation(
        self, use: RelationUse, target: ast.Expr, span: Span
    ) -> tuple[list[CaptureUse], list[ast.Node]]:
        if not isinstance(target, ast.SelfRef):
            local = self._outer_record(target)
            if local is None:
                return [], [target]
            owner = self.finder.program.resources[use.owner]
            key = use.relation.key if use.relation.kind == "to_one" else owner.primary_key
            column = owner.columns.get(key or "")
            if column is not None and (local, use.relation.name) in self.values.known:
                column = replace(column, type=required(column.type))
            return ([self.values.local_path(local, [column], span)] if column else []), []
        if use.relation.kind != "to_one":
            return self._key(span), []
        column = self.finder.resource.columns.get(use.relation.key)
        if column is not None and (SELF, use.relation.name) in self.values.known:
            column = replace(column, type=required(column.type))
        return ([self.values.self_path([column], span)] if column else []), []

    def _function(
        self,
        function: FunctionInfo,
        receiver: ast.Expr | None,
        arguments: tuple[ast.Expr | None, ...],
        span: Span,
    ) -> tuple[list[CaptureUse], list[ast.Node]]:
        given: list[ast.Node] = [argument for argument in arguments if argument is not None]
        if receiver is not None and not isinstance(receiver, ast.SelfRef):
            context = [found for found in function.reads if found.kind == "context"]
            return [self.values.read(found, span) for found in context], [receiver, *given]
        return [self.values.read(found, span) for found in function.reads], given

    def _outer_record(self, node: ast.Node) -> Local | None:
        local = self.finder.program.facts.resolutions.get(node)
        if isinstance(local, Local) and isinstance(required(local.type), Record):
            return None if self._is_inside(local) else local
        return None

    def _is_inside(self, local: Local) -> bool:
        return not is_outside(local, self.job)

    def _sensitive(self, local: Local) -> str | None:
        """The sensitive column whose value a `let` holds as it is."""
        value: ast.Node | None = local.value
        while isinstance(value, ast.Unwrap):
            value = value.operand
        match self.finder.program.facts.resolutions.get(value) if value is not None else None:
            case SelfColumn(column=column) if column.sensitive:
                return f"{self.finder.resource.name}.{column.name}"
            case RecordColumn(resource=resource, column=column) if column.sensitive:
                return f"{resource}.{column.name}"
        return None

    def _key(self, span: Span) -> list[CaptureUse]:
        resource = self.finder.resource
        column = resource.columns.get(resource.primary_key or "")
        if column is not None:
            return [self.values.self_path([column], span)]
        source = resource.node.span.source
        if any(map(_may_hold_key, self.finder.problems.unparsed.texts(source))):
            return []
        fields = [member for member in resource.node.members if isinstance(member, ast.Field)]
        marked = [
            Related(annotation.span, "marked here")
            for field in fields
            for annotation in field.annotations
            if annotation.name.text == "primary"
        ]
        self.finder.problems.error(
            "ASY904",
            span,
            f"this needs the primary key of `{resource.name}`, "
            + (f"which marks {len(marked)} fields" if marked else "which has none"),
            "keep one `@primary`" if marked else "mark one field with `@primary`",
            *marked,
        )
        return []

    def _keys(self, node: ast.Member) -> tuple[list[CaptureUse], list[ast.Node]]:
        """`Context.current_user.id` is one value; of any other chain of keys, what it starts at."""
        names: list[str] = []
        root: ast.Node = node
        resolutions = self.finder.program.facts.resolutions
        while isinstance(root, ast.Member) and isinstance(resolutions.get(root), KeyAccess):
            names.append(root.name.text)
            root = root.target
        call = resolutions.get(root)
        if isinstance(call, LibraryCall) and _is_context(call):
            return self._context(call, tuple(reversed(names)), node), []
        return [], [root]

    def _context(
        self, call: LibraryCall, keys: tuple[str, ...], node: ast.Call | ast.Member
    ) -> list[CaptureUse]:
        """A value of `Context`; of a required user's part, also whether there is a user."""
        name = call.signature.name
        kind = self.finder.program.facts.types.get(node, ANY)
        uses = [self.values.context((name, *keys), node, kind)]
        if keys and name == "current_user!":
            uses.append(self.values.authenticated(node.span))
        return uses


def _is_context(call: LibraryCall) -> bool:
    return call.signature.namespace == "Context"


def _is_of_self(target: ast.Expr) -> bool:
    node: ast.Node = target
    while isinstance(node, ast.Member):
        node = node.target
    return isinstance(node, ast.SelfRef)


def _may_hold_key(lost: str) -> bool:
    """Whether unparsed text may declare a primary key."""
    return (
        "@primary" in lost
        or lost.lstrip().startswith(":")
        or re.match(r"\s*id\b", lost) is not None
    )
