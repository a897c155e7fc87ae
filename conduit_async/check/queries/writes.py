"""Record operations that write: `create!`, `update!`, `delete!`, `increment!`, …"""

from collections.abc import Container
from typing import Literal, NamedTuple

from ... import ast
from ...analyses.looping import looping_lambda
from ...diagnostics import Related
from ...program import LibraryCall, Local, ResourceInfo
from ...types import ANY, STRING, Array, Hash, is_nullable, required
from ..body import Body
from ..expressions.nil import report_maybe_nil
from ..fields import known_column, marked_fields
from ..lattice import is_number, may_be_nil
from ..require import require
from ..sizes import check_size, declared_type
from ..wording import describe
from .filters import check_field


class WriteOperation(NamedTuple):
    """A write: its event, its number of positional arguments, its result and its usage."""

    event: str
    positional: int
    gives: Literal["record", "all", "nothing"]
    usage: str


WRITES = {
    "create!": WriteOperation("create", 1, "record", "create!({ field: value })"),
    "update!": WriteOperation("update", 2, "nothing", "update!(key, { field: value })"),
    "delete!": WriteOperation("delete", 1, "nothing", "delete!(key)"),
    "increment!": WriteOperation("update", 2, "nothing", "increment!(key, :field, by: 1)"),
    "decrement!": WriteOperation("update", 2, "nothing", "decrement!(key, :field, by: 1)"),
    "bulk_create!": WriteOperation("create", 1, "all", "bulk_create!([{ field: value }])"),
}
_GIVEN_BY_DATABASE = ("auto", "auto_update", "default", "primary")


def check_write(body: Body, node: ast.Call, info: ResourceInfo, operation: str) -> None:
    """Check the arguments of a write, whose types are known already."""
    write = WRITES[operation]
    _warn_of_hooks(body, node, info, write.event)
    values = [argument.value for argument in node.arguments if argument.name is None]
    named = {a.name.text: a.value for a in node.arguments if a.name is not None}
    by = named.pop("by", None) if operation in ("increment!", "decrement!") else None
    if len(values) != write.positional or named:
        message = f"`{operation}` does not take these arguments"
        body.error("TYP130", node, message, f"write `{info.name}.{write.usage}`")
        return
    if operation == "create!":
        _check_values(body, info, values[0], complete=True)
    elif operation == "bulk_create!":
        _check_rows(body, info, values[0])
    else:
        check_key(body, info, values[0])
        if operation == "update!":
            _check_values(body, info, values[1], complete=False)
        elif operation != "delete!":
            _check_counter(body, info, values[1], by)


def _warn_of_hooks(body: Body, node: ast.Call, info: ResourceInfo, event: str) -> None:
    events = (event,) if event == "delete" else (event, "save")
    hooks = (each for each in info.node.members if isinstance(each, ast.Hook))
    for hook in (each for each in hooks if each.event in events):
        message = f"this write does not run the hooks of `{info.name}`"
        hint = "no write made by a hook or a job runs hooks; do here what they would do"
        body.warning("ASY920", node, message, hint, Related(hook.header, "this hook is not run"))
        return


def check_key(body: Body, info: ResourceInfo, value: ast.Expr) -> None:
    """Check the value of a primary key."""
    if info.primary_key is not None:
        kind = info.columns[info.primary_key].type
        require(body, value, kind, f"the key of `{info.name}`", "TYP131")


def _check_rows(body: Body, info: ResourceInfo, value: ast.Expr) -> None:
    require(body, value, Array(ANY), f"`bulk_create!` of `{info.name}`", "TYP131")
    known = _first_value(body, value)
    call = body.facts.resolutions.get(known)
    function = looping_lambda(call) if isinstance(call, LibraryCall) else None
    items = known.items if isinstance(known, ast.ArrayLiteral) else ()
    if function is not None and isinstance(function[1], ast.HashLiteral):
        items = (function[1],)
    for item in items:
        _check_values(body, info, item, complete=True)


def _first_value(body: Body, node: ast.Expr) -> ast.Expr:
    """Return the first value of a variable, if it was not assigned again; else the variable."""
    local = body.facts.resolutions.get(node)
    while isinstance(local, Local) and local.value is not None and local not in body.assigned:
        node = local.value
        local = body.facts.resolutions.get(node)
    return node


def _check_values(body: Body, info: ResourceInfo, value: ast.Expr, *, complete: bool) -> None:
    known = _first_value(body, value)
    if isinstance(known, ast.HashLiteral) and (
        known is value or all(ast.constant_text(entry.key) is not None for entry in known.entries)
    ):
        _check_fields(body, info, known, complete=complete)
    elif not isinstance(required(body.type_of(value)), Hash):
        require(body, value, Hash(STRING, ANY), f"a row of `{info.name}`", "TYP131")
    elif is_nullable(body.type_of(value)):
        report_maybe_nil(body, value, f"a row of `{info.name}`")


def _check_fields(
    body: Body, info: ResourceInfo, value: ast.HashLiteral, *, complete: bool
) -> None:
    given: dict[str, ast.Expr] = {}
    complete = complete and all(
        (name := ast.constant_text(entry.key)) is None or info.column(name)
        for entry in value.entries
    )
    for entry in value.entries:
        name = ast.constant_text(entry.key)
        if name is None:
            body.error("TYP131", entry.key, "the name of a field is a constant")
            continue
        column = known_column(body.env, info, entry.key.span, name)
        if column is None:
            continue
        first = given.setdefault(column.name, entry.key)
        if (first_name := ast.constant_text(first)) != name:
            message = f"`{first_name}` and `{name}` are both the column `{column.name}`"
            hint = "remove one of the two"
            body.error("SYN013", entry.key, message, hint, Related(first.span, "first given here"))
        relation = info.relations.get(name)
        kind = required(body.type_of(entry.value))
        if relation is None or getattr(kind, "resource", None) != relation.target:
            require(body, entry.value, column.type, f"`{name}` of `{info.name}`", "TYP131")
            check_size(body, entry.value, declared_type(info, name), f"`{name}` of `{info.name}`")
    if complete:
        _check_complete(body, info, value, given)


def _check_complete(
    body: Body, info: ResourceInfo, value: ast.HashLiteral, given: Container[str]
) -> None:
    automatic = {name for name, _ in marked_fields(info.node, *_GIVEN_BY_DATABASE)}
    missing = [
        f"`{column.name}`"
        for column in info.columns.values()
        if column.name not in given
        and column.name not in automatic
        and column.name != info.primary_key
        and not may_be_nil(column.type)
    ]
    if missing:
        message = f"a new `{info.name}` needs {', '.join(missing)}"
        declared = Related(info.node.name.span, f"`{info.name}` is declared here")
        body.error("TYP101", value, message, "give a value for each", declared)


def _check_counter(body: Body, info: ResourceInfo, field: ast.Expr, by: ast.Expr | None) -> None:
    column = check_field(body, info, field)
    if column is None:
        return
    kind = required(column.type)
    if not is_number(kind):
        body.error("TYP131", field, f"`{column.name}` is {describe(kind)}, which cannot be counted")
    elif by is not None:
        require(body, by, kind, "`by`", "TYP131")
