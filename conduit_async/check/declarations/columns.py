"""The columns of a resource: its fields, and the keys of its relations."""

from dataclasses import replace

from ... import ast
from ...names import SNAPSHOT_ATTRIBUTES, python_name, snake_case
from ...program import Column, RelationInfo, ResourceInfo
from ...source import Span
from ...types import ANY, SCALARS, Array, Record, Type, optional, required
from ..environment import Environment
from ..fields import declared_field, default_of, earlier_names, report_twice
from ..lattice import INVALID, InvalidType
from .relations import declared_relation, foreign_key, option_values
from .type_refs import is_partly_parsed, read_type


def declare_columns(env: Environment, info: ResourceInfo) -> None:
    """Fill the columns and relations of a resource, in the order of the source."""
    names: dict[str, Span] = {}
    own = {field.name.text for field in info.node.members if isinstance(field, ast.Field)}
    for member in info.node.members:
        match member:
            case ast.Field():
                if not _is_first(env, names, member.name.text, member.name.span):
                    continue
                _field(env, info, member, own)
            case ast.Relation():
                relation = declared_relation(env, info, member)
                if not _is_first(env, names, relation.name, relation.span or member.span):
                    continue
                info.relations[relation.name] = relation
                if relation.kind == "to_one" and relation.key not in own:
                    _key_column(env, info, relation)
            case ast.Computed():
                _is_first(env, names, member.name.text, member.name.span)


def _field(env: Environment, info: ResourceInfo, field: ast.Field, own: set[str]) -> None:
    name = field.name.text
    kind: Type = INVALID
    if not is_partly_parsed(env, field):
        kind = read_type(env, field.type, info.name, name)
    named = field.type.type
    if isinstance(kind, InvalidType) and isinstance(named, ast.NamedType):
        kind = Record("") if named.name[:1].isupper() else kind
    target = required(kind)
    is_many = isinstance(target, Array)
    if isinstance(target, Array):
        target = target.item
    if isinstance(target, Record):
        owner = snake_case(info.name) if is_many else name
        info.relations[name] = relation = RelationInfo(
            name=name,
            kind="to_many" if is_many else "to_one",
            target=target.resource,
            key=foreign_key(field.options, f"{owner}_id"),
            nullable=field.type.nullable and not is_many,
            options=option_values(field.options),
            span=field.name.span,
        )
        if not is_many and relation.key not in own:
            _key_column(env, info, relation, field)
        return
    if field.options and not isinstance(target, InvalidType):
        env.problems.error(
            "REL300",
            field.options[0].span.to(field.options[-1].span),
            f"`{name}` is not a relation, so nothing takes these options",
            "give it the type of a resource, or write annotations: `@default(…)`",
        )
    is_updated = any(each.name.text == "auto_update" for each in field.annotations)
    column = Column(name, "", kind, is_updated, span=field.name.span, doc=field.doc)
    column = replace(
        column,
        was=earlier_names(field),
        default=default_of(field),
        is_nullable=field.type.nullable,
    )
    _add(env, info, column)


def _key_column(
    env: Environment, info: ResourceInfo, relation: RelationInfo, field: ast.Field | None = None
) -> None:
    kind = key_type(env, relation.target)
    if relation.key not in info.columns:
        nullable = optional(kind) if relation.nullable else kind
        column = Column(relation.key, "", nullable, span=relation.span)
        if field is not None:
            was = tuple(each for name in earlier_names(field) for each in (f"{name}_id", name))
            column = replace(column, doc=field.doc, was=was)
        _add(env, info, column)


def key_type(env: Environment, resource: str) -> Type:
    """The type of a resource's primary key; unknown if the resource has none."""
    target = env.resources.get(resource)
    field = declared_field(target, target.primary_key or "") if target is not None else None
    if field is None:
        return INVALID
    named = field.type.type
    return SCALARS.get(named.name, ANY) if isinstance(named, ast.NamedType) else ANY


def _add(env: Environment, info: ResourceInfo, column: Column) -> None:
    """Add a column with its Python name."""
    taken = env.taken_columns.setdefault(info.name, set(SNAPSHOT_ATTRIBUTES))
    python = python_name(column.name, taken)
    taken.add(python)
    names = {column.name, f"{info.name}.{column.name}"}
    is_sensitive = not names.isdisjoint(env.config.sensitive)
    info.columns[column.name] = replace(column, python=python, sensitive=is_sensitive)


def _is_first(env: Environment, names: dict[str, Span], name: str, span: Span) -> bool:
    first = names.setdefault(name, span)
    if first is span:
        return True
    report_twice(env.problems, "SYN013", span, f"`{name}`", first)
    return False
