"""Change tracking: `self.x_changed?` and its kin, `self.previous_value(:x)`."""

from typing import Literal

from ... import ast
from ...program import ChangeCall
from ...types import BOOL, Type, optional
from ..body import Body
from ..coercion import constant_text
from ..fields import known_column
from ..lattice import INVALID
from ..narrowing import SELF, Narrowing
from ..require import require

_SUFFIXES: dict[str, Literal["changed", "changed_to", "changed_from"]] = {
    "_changed?": "changed",
    "_changed_to?": "changed_to",
    "_changed_from?": "changed_from",
}


def is_change_predicate(body: Body, name: str) -> bool:
    """Whether a name reads as change tracking, and no field or function has it."""
    return name.endswith(tuple(_SUFFIXES)) and name not in body.resource.functions


def change_predicate(
    body: Body, node: ast.Expr, member: ast.Member, arguments: tuple[ast.Argument, ...]
) -> Type:
    """Check `self.x_changed?`; the types of the arguments are known already."""
    name = member.name.text
    suffix = next(s for s in _SUFFIXES if name.endswith(s))
    kind = _SUFFIXES[suffix]
    plain = name.removesuffix(suffix)
    shown = f"`self.{{}}{suffix}`"
    column = known_column(body.env, body.resource, member.name.span, plain, shown)
    wanted = 0 if kind == "changed" else 1
    if len(arguments) != wanted or any(argument.name for argument in arguments):
        message = f"`{name}` takes {'no argument' if wanted == 0 else 'one value'}"
        hint = f"write `self.{name}{'' if wanted == 0 else '(value)'}`"
        body.error("TYP130", node, message, hint)
        return BOOL
    _check_event(body, member, name)
    if column is None:
        return BOOL
    value = arguments[0].value if arguments else None
    if value is not None:
        require(body, value, optional(column.type), f"`self.{column.name}`", "TYP131")
        if kind == "changed_to" and not isinstance(value, ast.Nil):
            body.narrowings[node] = Narrowing(when_true=frozenset({(SELF, column.name)}))
    body.facts.resolutions[node] = ChangeCall(kind, column, value)
    return BOOL


def previous_value(
    body: Body, node: ast.Call, member: ast.Member, arguments: tuple[ast.Argument, ...]
) -> Type:
    """Check `self.previous_value(:x)`: in an update hook, as nullable as the field."""
    _check_event(body, member, "previous_value")
    name = constant_text(arguments[0].value) if len(arguments) == 1 else None
    if name is None or arguments[0].name is not None:
        hint = f"write it as a symbol: `self.previous_value(:{_meant(arguments)})`"
        return body.error("TYP130", node, "`previous_value` takes the name of a field", hint)
    place = arguments[0].value.span
    column = known_column(body.env, body.resource, place, name, "`:{}`")
    if column is None:
        return INVALID
    body.facts.resolutions[node] = ChangeCall("previous_value", column, None)
    return column.type if body.event == "update" else optional(column.type)


def _meant(arguments: tuple[ast.Argument, ...]) -> str:
    match [argument.value for argument in arguments]:
        case [ast.NameRef(name=name)] | [ast.Member(name=ast.Name(text=name))]:
            return name
    return "field"


def _check_event(body: Body, member: ast.Member, name: str) -> None:
    if body.event == "delete":
        message = f"`self.{name}` has no meaning in a delete hook: a row that goes does not change"
        body.error("SEM208", member, message, "read the field itself")
