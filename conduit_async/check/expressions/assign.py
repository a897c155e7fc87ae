"""Assignments: to locals, to `self.field`, and to `self.struct.field`."""

from dataclasses import astuple

from ... import ast
from ...diagnostics import Related
from ...program import FunctionCall, RecordColumn, RelationUse, SelfColumn, StructField
from ...suggest import nearest
from ...types import Array, Hash, Type, is_nullable, required
from ..body import Body
from ..lattice import INVALID, InvalidType, is_assignable, join, may_be_nil
from ..narrowing import SELF, Path
from ..require import require
from ..sizes import check_size, declared_type
from ..unparsed import is_unparsed_local
from ..wording import snippet
from .narrow import assigned_path, forget, learn_value
from .warnings import warn_of_next_line

_USUAL = "assign to a local, or to a field of `self`"


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
            _bad_target(body, node.target, _USUAL)
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
        captured = f"`{local.name}` was captured when the job was enqueued"
        message = f"{captured}, so this could not reach the code outside any more"
        hint = f"declare a local of the block: `let {local.name}_here = …`"
        body.error("SEM215", target, message, hint, Related(local.span, "declared here"))
    elif (let := body.lets.get(local)) is not None:
        joined = join(body.widened.get(let, local.type), kind)
        is_collection = isinstance(required(joined), Array | Hash)
        knows_less = is_collection and astuple(joined) != astuple(local.type)
        nil_is_new = is_nullable(kind) and not is_nullable(local.type)
        if knows_less or nil_is_new or not is_assignable(kind, local.type):
            body.widened[let] = joined
            body.stable &= joined == local.type and not knows_less
    else:
        require(body, value, local.type, f"`{local.name}`")
    _learn(body, (local,), kind, value, local.type)


def _undeclared(body: Body, target: ast.NameRef) -> None:
    name, columns = target.name, body.resource.columns
    if is_unparsed_local(body.env, target.span.source, name):
        return
    if name in columns:
        hint = f"write `self.{name} = …`, or declare a local: `let {name} = …`"
    elif (found := nearest(name, body.scope.visible())) or (meant := nearest(name, columns)):
        shown = found or f"self.{meant}"
        hint = f"did you mean `{shown}`? To declare a local, write `let {name} = …`"
    else:
        hint = f"declare it: `let {name} = …`"
    body.error("SEM200", target, f"`{name}` is not declared", hint, cause=body.cause(name))


def _to_field(body: Body, target: ast.Member, value: ast.Expr, kind: Type) -> None:
    path = assigned_path(body, target)
    if path[0] is None:
        _bad_target(body, target, _USUAL)
        return
    before = body.non_nil
    body.non_nil = before - {path}
    expected = body.infer(target)
    body.non_nil = before
    resolution = body.facts.resolutions.get(target)
    if resolution is None or isinstance(expected, InvalidType):
        return
    if (hint := _refusal(body, target)) is not None:
        _bad_target(body, target, hint)
        return
    shown = f"`{snippet(target)}`"
    require(body, value, expected, shown)
    if isinstance(resolution, SelfColumn):
        check_size(body, value, declared_type(body.resource, resolution.column.name), shown)
    _learn(body, path, kind, value, expected)
    for relation in body.resource.relations.values():
        if path == (SELF, relation.key):
            forget(body, (SELF, relation.name))


def _refusal(body: Body, target: ast.Member) -> str | None:
    """What to do instead of an assignment that is not allowed; None if it is allowed."""
    node: ast.Expr = target
    while isinstance(node, ast.Member):
        if node.safe:
            return "check for nil first, then assign with a plain `.`"
        match body.facts.resolutions.get(node):
            case SelfColumn() | StructField():
                node = node.target
            case RelationUse(relation=relation) if node is target:
                to_one = relation.kind == "to_one"
                hint = f"assign its key: `self.{relation.key} = …`"
                return hint if to_one else "write to the other resource"
            case FunctionCall():
                return "it is computed; assign to the fields that it reads"
            case RecordColumn(resource=resource, column=column):
                return f"write `{resource}.update!(key, {{ {column.name}: … }})`"
            case _:
                return _USUAL
    if not isinstance(node, ast.SelfRef):
        return _USUAL
    if body.kind != "hook":
        return "only a hook or its jobs can change the record"
    if body.event == "delete":
        return "the row is gone after a delete"
    found = body.facts.resolutions[target]
    if isinstance(found, SelfColumn) and found.column.name == body.resource.primary_key:
        return "the primary key finds the row, so it stays as it is"
    return None


def _bad_target(body: Body, target: ast.Node, hint: str) -> None:
    body.error("SEM214", target, f"`{snippet(target)}` cannot be assigned", hint)


def _learn(body: Body, path: Path, kind: Type, value: ast.Expr, expected: Type) -> None:
    forget(body, path)
    if not may_be_nil(kind):
        body.non_nil |= {path}
    learn_value(body, path, expected, value)
