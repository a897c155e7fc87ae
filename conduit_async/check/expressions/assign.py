"""Assignments: to locals, to `self.field`, and to a field of a struct of it."""

from ... import ast
from ...diagnostics import Related
from ...program import ComputedUse, RecordColumn, RelationUse, SelfColumn, StructField
from ...suggest import nearest
from ...types import Type, is_nullable
from ..body import Body
from ..lattice import INVALID, InvalidType, is_assignable, join, knows_as_much, may_be_nil
from ..narrowing import SELF, Path
from ..require import require
from ..sizes import check_size, field_type
from ..unparsed import is_unparsed_local
from ..wording import snippet
from .narrow import forget, path_of
from .warnings import warn_of_next_line


def assign(body: Body, node: ast.Assign) -> None:
    """Check `target = value`."""
    kind = body.infer(node.value)
    match node.target:
        case ast.NameRef():
            _to_local(body, node.target, node.value, kind)
        case ast.Member():
            _to_field(body, node.target, node.value, kind)
        case ast.BadExpr():
            pass
        case _:
            _bad_target(body, node.target, "assign to a local, or to a field of `self`")
    warn_of_next_line(body, node)


def _to_local(body: Body, target: ast.NameRef, value: ast.Expr, kind: Type) -> None:
    local = body.scope.find(target.name)
    if local is None:
        _undeclared(body, target)
        body.declare(ast.Name(target.span, target.name), INVALID, "let")
        return
    body.facts.resolutions[target] = local
    body.facts.types[target] = local.type
    body.assigned.add(local)
    body.facts.assigned.setdefault(local, []).append(value)
    if local.owner is not body.job:
        body.error(
            "SEM215",
            target,
            f"`{local.name}` was captured when the job was enqueued, "
            "so this could not reach the code outside any more",
            f"declare a local of the block: `let {local.name}_here = …`",
            Related(local.span, "declared here"),
        )
    elif (let := body.lets.get(local)) is not None:
        joined = join(body.widened.get(let, local.type), kind)
        knows_less = not knows_as_much(joined, local.type)
        nil_is_new = is_nullable(kind) and not is_nullable(local.type)
        if knows_less or nil_is_new or not is_assignable(kind, local.type):
            body.widened[let] = joined
            body.stable &= joined == local.type and not knows_less
    else:
        require(body, value, local.type, f"`{local.name}`")
    _learn(body, (local,), kind)


def _undeclared(body: Body, target: ast.NameRef) -> None:
    name = target.name
    if is_unparsed_local(body.env, target.span.source, name):
        return
    if name in body.resource.columns:
        hint = f"write `self.{name} = …`, or declare a local: `let {name} = …`"
    elif (meant := nearest(name, body.resource.columns)) and not nearest(
        name, body.scope.visible()
    ):
        hint = f"did you mean `self.{meant}`? To declare a local, write `let {name} = …`"
    elif (found := nearest(name, body.scope.visible())) is not None:
        hint = f"did you mean `{found}`? To declare a local, write `let {name} = …`"
    else:
        hint = f"declare it: `let {name} = …`"
    body.error("SEM200", target, f"`{name}` is not declared", hint)


def _to_field(body: Body, target: ast.Member, value: ast.Expr, kind: Type) -> None:
    root = _root(target)
    if isinstance(root, ast.NameRef) and body.scope.find(root.name) is None:
        _bad_target(body, target, "assign to a local, or to a field of `self`")
        return
    before = body.non_nil
    body.non_nil = frozenset(known for known in before if known != _written(target))
    expected = body.infer(target)
    body.non_nil = before
    if not _is_field_of_self(body, target):
        return
    shown = snippet(target)
    if body.kind != "hook":
        _bad_target(body, target, "only a hook or its jobs can change the record")
        return
    if body.event == "delete":
        _bad_target(body, target, "the row is gone after a delete")
        return
    resolution = body.facts.resolutions[target]
    if isinstance(resolution, SelfColumn) and resolution.column.name == body.resource.primary_key:
        _bad_target(body, target, "the primary key finds the row, so it stays as it is")
        return
    require(body, value, expected, f"`{shown}`")
    if isinstance(resolution, SelfColumn):
        check_size(body, value, field_type(body.resource, resolution.column.name), f"`{shown}`")
    path = path_of(body, target)
    if path is not None:
        _learn(body, path, kind)
        for relation in body.resource.relations.values():
            if path == (SELF, relation.key):
                forget(body, (SELF, relation.name))


def _root(target: ast.Expr) -> ast.Expr:
    while isinstance(target, ast.Member):
        target = target.target
    return target


def _written(target: ast.Member) -> Path:
    names: list[object] = []
    node: ast.Expr = target
    while isinstance(node, ast.Member):
        names.append(node.name.text)
        node = node.target
    return (SELF, *reversed(names))


def _is_field_of_self(body: Body, target: ast.Member) -> bool:
    """Whether it is `self.field` or `self.struct.field`; reports when it is not."""
    resolution = body.facts.resolutions.get(target)
    hint = "assign to a local, or to a field of `self`"
    node: ast.Expr = target
    while isinstance(node, ast.Member):
        found = body.facts.resolutions.get(node)
        if found is None or isinstance(body.type_of(node), InvalidType):
            return False
        if node.safe:
            _bad_target(body, target, "check for nil first, then assign with a plain `.`")
            return False
        if isinstance(found, RelationUse) and node is target:
            key = found.relation.key
            plural = found.relation.kind != "to_one"
            hint = "write to the other resource" if plural else f"assign its key: `self.{key} = …`"
            _bad_target(body, target, hint)
            return False
        if isinstance(found, ComputedUse):
            _bad_target(body, target, "it is computed; assign to the fields that it reads")
            return False
        if isinstance(found, RecordColumn):
            hint = f"write `{found.resource}.update!(key, {{ {found.column.name}: … }})`"
        if not isinstance(found, SelfColumn | StructField):
            _bad_target(body, target, hint)
            return False
        node = node.target
    if not isinstance(node, ast.SelfRef) or resolution is None:
        _bad_target(body, target, hint)
        return False
    return True


def _bad_target(body: Body, target: ast.Node, hint: str) -> None:
    body.error("SEM214", target, f"`{snippet(target)}` cannot be assigned", hint)


def _learn(body: Body, path: Path, kind: Type) -> None:
    forget(body, path)
    if not may_be_nil(kind):
        body.non_nil |= {path}
