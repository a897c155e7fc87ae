"""Relations: their targets, and the columns that hold their keys."""

from typing import Literal

import inflection

from ... import ast
from ...diagnostics import Related
from ...names import is_name, is_table_name, snake_case
from ...program import RelationInfo, ResourceInfo
from ...source import Span
from ...suggest import did_you_mean, nearest
from ..coercion import option_text
from ..environment import Environment
from ..fields import declared_field, warn_of_typo
from ..queries.filters import check_order
from ..unparsed import is_unparsed_member, is_unparsed_resource

_KINDS: dict[str, Literal["to_one", "has_one", "to_many"]] = {
    "belongs_to": "to_one", "has_one": "has_one", "has_many": "to_many",
}  # fmt: skip
_OPTIONS = ("foreign_key", "on_delete", "on_update", "join_table", "order_by", "through")


def declared_relation(env: Environment, owner: ResourceInfo, node: ast.Relation) -> RelationInfo:
    """Return the relation that `@has_many`, `@has_one` or `@belongs_to` declares."""
    kind = _KINDS[node.kind]
    name = snake_case(node.target.text)
    if kind == "to_many":
        name = inflection.pluralize(name)
    if node.alias is not None and is_name(node.alias.value or ""):
        name = node.alias.value or ""
    key = foreign_key(node.options, f"{name if kind == 'to_one' else snake_case(owner.name)}_id")
    field = declared_field(owner, key)
    return RelationInfo(
        name=name,
        kind=kind,
        target=node.target.text,
        key=key,
        nullable=kind == "has_one" or (field is not None and field.type.nullable),
        through=node.through.text if node.through is not None else None,
        options=option_values(node.options),
        span=node.alias.span if node.alias is not None else node.target.span,
    )


def check_relations(env: Environment, owner: ResourceInfo) -> None:
    """Report relations whose target does not exist or cannot be joined."""
    for member in owner.node.members:
        if isinstance(member, ast.Relation | ast.Field):
            _check_options(env, member)
            _check_order(env, owner, member)
        if isinstance(member, ast.Relation):
            _check_target(env, member.target)
            if member.alias is not None and not is_name(member.alias.value or ""):
                problem = _no_name("a relation", "items")
                env.problems.error("REL300", member.alias.span, *problem)
            if member.through is not None:
                _check_target(env, member.through)
        if isinstance(member, ast.Setting) and member.kind == "nested" and member.name is not None:
            _check_target(env, member.name)
    for relation in owner.relations.values():
        _check_key(env, owner, relation)


def _check_options(env: Environment, member: ast.Relation | ast.Field) -> None:
    """Warn of options that are typos; other unknown options may be for another backend."""
    for pair in member.options:
        warn_of_typo(env.problems, pair.key, _OPTIONS, "a relation has no option")
        value = option_text(pair.value)
        match pair.key.text:
            case "foreign_key" if value is None:
                message = "`foreign_key` is the name of a column"
                hint = 'write it as a string: `foreign_key: "author_id"`'
                env.problems.error("REL301", pair.value.span, message, hint)
            case "foreign_key" if not is_name(value or ""):
                env.problems.error("REL301", pair.value.span, *_no_name("a column", "author_id"))
            case "join_table" if value is None or not is_table_name(value):
                message = "`join_table` is the name of a table"
                hint = 'write it as a string: `join_table: "order_tags"`'
                env.problems.error("REL301", pair.value.span, message, hint)


def foreign_key(options: tuple[ast.Pair, ...], default: str) -> str:
    """The `foreign_key` among a relation's options if it is a name, else the default."""
    value = option_values(options).get("foreign_key")
    return value if value is not None and is_name(value) else default


def option_values(options: tuple[ast.Pair, ...]) -> dict[str, str | None]:
    """A relation's options, as strings."""
    return {pair.key.text: option_text(pair.value) for pair in options}


def _no_name(what: str, example: str) -> tuple[str, str]:
    """The message and the hint for a text that is not a name but must be one."""
    return (
        f"the name of {what} consists of the letters a to z, digits and underscores",
        f'such as `"{example}"`',
    )


def _check_order(env: Environment, owner: ResourceInfo, member: ast.Relation | ast.Field) -> None:
    if isinstance(member, ast.Relation):
        target = member.target.text
    else:
        relation = owner.relations.get(member.name.text)
        target = relation.target if relation is not None else ""
    info = env.resources.get(target)
    for pair in member.options:
        if pair.key.text == "order_by" and info is not None:
            check_order(env, info, pair.value, [pair.value])


def _check_target(env: Environment, name: ast.Name) -> None:
    if name.text not in env.resources and not is_unparsed_resource(env, name.text):
        hint = did_you_mean(name.text, env.resources)
        hint = hint or f"add the file that declares `resource {name.text}`"
        message = f"there is no resource `{name.text}`"
        env.problems.error("SEM204", name.span, message, hint, cause=message)


def _check_key(env: Environment, owner: ResourceInfo, relation: RelationInfo) -> None:
    target = env.resources.get(relation.target)
    span = relation.span or owner.node.name.span
    if target is None:
        return
    if relation.kind == "to_one":
        names = ("id", "primary")  # of the field, or of its annotation
        may_have_one = any(is_unparsed_member(env, target, each) for each in names)
        if target.primary_key is None and not may_have_one:
            env.problems.error(
                "REL300",
                span,
                f"`{relation.name}` points at `{target.name}`, which has no primary key",
                f"mark one field of `{target.name}` with `@primary`",
                Related(target.node.name.span, "declared here"),
            )
        return
    holder = env.resources.get(relation.through) if relation.through else target
    if holder is None or relation.key in holder.columns or "join_table" in relation.options:
        return
    if relation.options.get("foreign_key", relation.key) != relation.key:
        return  # it is not a name; this was reported
    if nearest("foreign_key", set(relation.options) - {*_OPTIONS}):
        return  # it is misspelt; this was reported
    half_read = env.unparsed_words(holder.node.span.source)
    if is_unparsed_member(env, holder, relation.key) or "foreign_key" in half_read:
        return
    hint = did_you_mean(relation.key, holder.columns, '`foreign_key: "{}"`')
    env.problems.error(
        "REL301",
        _option(owner, span, "foreign_key") or span,
        f"`{holder.name}` has no column `{relation.key}` that would hold the key of `{owner.name}`",
        hint or f"name the column with `foreign_key`, or declare the relation in `{holder.name}`",
        Related(holder.node.name.span, f"`{holder.name}` is declared here"),
    )


def _option(owner: ResourceInfo, span: Span, name: str) -> Span | None:
    """The span of an option of the relation that a span belongs to."""
    members = [each for each in owner.node.members if isinstance(each, ast.Relation | ast.Field)]
    around = [m for m in members if m.span.start <= span.start and span.end <= m.span.end]
    pairs = [pair for member in around for pair in member.options]
    return next((pair.span for pair in pairs if pair.key.text == name), None)
