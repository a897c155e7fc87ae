"""Change tracking: `self.x_changed?` and the like, `self.previous_value(:x)`."""

from typing import Literal

from ... import ast
from ...program import ChangeCall, Column
from ...types import BOOL, Type, optional
from ..body import Body
from ..expressions.narrow import by_values_at, note_excluded
from ..fields import known_column
from ..lattice import INVALID
from ..narrowing import SELF, Narrowing, Path
from ..require import require

_SUFFIXES: dict[str, Literal["changed", "changed_to", "changed_from"]] = {
    "_changed?": "changed",
    "_changed_to?": "changed_to",
    "_changed_from?": "changed_from",
}


def is_change_predicate(body: Body, name: str) -> bool:
    """Whether a name belongs to change tracking, not to a function."""
    return name.endswith(tuple(_SUFFIXES)) and name not in body.resource.functions


def change_predicate(
    body: Body, node: ast.Expr, member: ast.Member, arguments: tuple[ast.Argument, ...]
) -> Type:
    """Check `self.x_changed?`; the types of the arguments are known already."""
    name = member.name.text
    suffix = next(each for each in _SUFFIXES if name.endswith(each))
    kind, plain = _SUFFIXES[suffix], name.removesuffix(suffix)
    shown = f"`self.{{}}{suffix}`"
    column = known_column(body.env, body.resource, member.name.span, plain, shown)
    takes, usage = ("no argument", "") if kind == "changed" else ("one value", "(value)")
    if len(arguments) != (kind != "changed") or any(each.name for each in arguments):
        body.error("TYP130", node, f"`{name}` takes {takes}", f"write `self.{name}{usage}`")
        return BOOL
    _check_event(body, member, name)
    if column is None:
        return BOOL
    value = arguments[0].value if arguments else None
    if value is not None:
        require(body, value, optional(column.type), f"`self.{column.name}`", "TYP131")
        if kind == "changed_to" and not isinstance(value, ast.Nil):
            _learn(body, node, column, value)
    return body.resolve(node, ChangeCall(kind, column, value), BOOL)


def _learn(body: Body, node: ast.Expr, column: Column, value: ast.Expr) -> None:
    """Note what follows from `self.x_changed_to?(value)`."""
    path, text = (SELF, column.name), ast.constant_text(value)
    true = frozenset[Path]({path})
    if text is not None:
        true |= by_values_at(path, column.type, [text]).when_true
        note_excluded(body, node, path, text)
    body.narrowings[node] = Narrowing(true)


def previous_value(
    body: Body, node: ast.Call, member: ast.Member, arguments: tuple[ast.Argument, ...]
) -> Type:
    """Check `self.previous_value(:x)`; in an update hook it is nullable only if the field is."""
    _check_event(body, member, "previous_value")
    match arguments:
        case [ast.Argument(name=None, value=value)] if (
            name := ast.constant_text(value)
        ) is not None:
            column = known_column(body.env, body.resource, value.span, name, "`:{}`")
            if column is None:
                return INVALID
            kind = column.type if body.event == "update" else optional(column.type)
            return body.resolve(node, ChangeCall("previous_value", column, None), kind)
        case [ast.Argument(value=ast.NameRef(name=meant) | ast.Member(name=ast.Name(text=meant)))]:
            pass
        case _:
            meant = "field"
    hint = f"write it as a symbol: `self.previous_value(:{meant})`"
    return body.error("TYP130", node, "`previous_value` takes the name of a field", hint)


def _check_event(body: Body, member: ast.Member, name: str) -> None:
    if body.event == "delete":
        message = f"`self.{name}` has no meaning in a delete hook: a row that goes does not change"
        body.error("SEM208", member, message, "read the field itself")
