"""Relations: rows are loaded into a variable at the first use."""

from dataclasses import replace

from ... import ast
from ...names import snake_case
from ...program import RelationInfo, RelationUse
from ...python.code import Code, Effect, assignment
from ...types import is_nullable
from ..expressions import chains
from ..expressions.dispatch import Lowering, Operand
from ..functions.function_builder import FunctionBuilder
from ..python.typing import type_of
from .conditions import column_of
from .sql import Select, quoted

_LOADING = Effect.READS | Effect.FAILS
"""Loading a row changes nothing, but the row may be gone."""


def relation(fn: FunctionBuilder, node: ast.Expr, use: RelationUse, operand: Operand) -> Lowering:
    """`.customer`, `.items`: the row or rows."""
    info = use.relation
    record = fn.module.record_class(info.target)
    key = yield from owner_key(fn, node, use)
    if info.kind == "to_many":
        return replace(fetch(fn, related(fn, info, key)), guards=key.guards)
    if info.kind == "has_one":
        text = f"{record}, {related(fn, info, key).arguments('first')}"
        return _loaded(fn, "first", text, key, info.name)
    text = f"{record}, {key.text}"
    allows_nil = operand.allows_nil or is_nullable(type_of(fn, node))
    allows_nil |= node in fn.module.facts.narrowed and fn.rows.find(f"find({text})") is not None
    return _loaded(fn, "find" if allows_nil else "get", text, key, info.name)


def owner_key(fn: FunctionBuilder, node: ast.Expr, use: RelationUse) -> Lowering:
    """Return the key of a relation's rows, from `self` or from the target of the dot."""
    assert isinstance(node, ast.Member)
    owner = fn.module.program.resources[use.owner]
    name = use.relation.key if use.relation.kind == "to_one" else owner.primary_key or "id"
    if isinstance(node.target, ast.SelfRef):
        return fn.self_value((name,))
    if (captured := fn.captured_part(fn.resolved(node.target), name)) is not None:
        return captured
    target = yield from chains.target(fn, node)
    return target.attribute(owner.columns[name].python)


def related(fn: FunctionBuilder, info: RelationInfo, key: Code) -> Select:
    """Return the query of a relation to many rows, or to the one row that holds the key."""
    resources = fn.module.program.resources
    target = resources[info.target]
    order = info.options.get("order_by")
    if info.through is None and "join_table" not in info.options:
        where = (f"{quoted(info.key)} = %s",)
        return ordered(Select(target, where=where, values=(key,)), order)
    through = resources.get(info.through or "")
    table = quoted(str(info.options.get("join_table") or (through.table if through else "")))
    far = f"{snake_case(info.target)}_id"
    for relation in through.relations.values() if through else ():
        if relation.kind == "to_one" and relation.target == info.target:
            far = relation.key
    primary = f"{quoted(target.table)}.{quoted(target.primary_key or 'id')}"
    join = f"JOIN {table} ON {table}.{quoted(far)} = {primary}"
    where = (f"{table}.{quoted(info.key)} = %s",)
    return ordered(Select(target, (join,), where, (key,)), order)


def ordered(select: Select, text: str | None) -> Select:
    """Order a query, as in `created_at DESC, id`."""
    parts = [part.split() for part in text.split(",")] if text else []
    order = (
        " ".join([select.column(column_of(select.resource, name).name), *map(str.upper, rest)])
        for name, *rest in parts
    )
    return replace(select, order=tuple(order))


def fetch(fn: FunctionBuilder, select: Select) -> Code:
    """Load the rows of a query, under the conditions of its guard."""
    record = fn.module.record_class(select.resource.name)
    code = operation(fn, f"fetch({record}, {select.arguments('rows')})", select.all_values)
    return replace(code, guards=select.guard.conditions)


def operation(fn: FunctionBuilder, call: str, parts: list[Code]) -> Code:
    """Build a database operation on the connection of the hook or the job."""
    return fn.through_handle(f"{fn.handle}.{call}", parts)


def _loaded(fn: FunctionBuilder, name: str, text: str, key: Code, hint: str) -> Code:
    """Load one row into a variable."""
    known = fn.rows.find(f"{name}({text})")
    if known is None and name == "find":
        known = fn.rows.find(f"get({text})")
    if known is not None:
        return Code(known, before=key.before, effect=Effect.READS, guards=key.guards)
    code = operation(fn, f"{name}({text})", [key])
    if fn.lazy or key.guards:
        effect = _LOADING | key.effect | code.effect & Effect.WAITS
        return replace(code, effect=effect, guards=key.guards)
    owner = key.text.rpartition(".")[0]
    longer = f"{owner}_{hint}" if owner.isidentifier() else hint
    variable = fn.rows.add(f"{name}({text})", hint, longer)
    line = assignment(variable, code.text, effect=_LOADING)
    return Code(variable, before=(*key.before, line), effect=Effect.READS)
