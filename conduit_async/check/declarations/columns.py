"""The columns of a resource: its fields, and the keys of its relations."""

from ... import ast
from ...diagnostics import Related
from ...names import SNAPSHOT_ATTRIBUTES, python_name, snake_case
from ...program import Column, RelationInfo, ResourceInfo
from ...source import Span
from ...types import ANY, Array, Record, Type, optional, required
from ..environment import World
from ..lattice import BROKEN, Broken
from .relations import declared_relation, foreign_key, option_values
from .type_refs import SCALARS, is_half_read, read_type


def declare_columns(world: World, info: ResourceInfo) -> None:
    """Fill the columns and relations of a resource, in the order of the source."""
    names: dict[str, Span] = {}
    own = {field.name.text for field in info.node.members if isinstance(field, ast.Field)}
    for member in info.node.members:
        match member:
            case ast.Field():
                if not _is_first(world, names, member.name.text, member.name.span):
                    continue
                _field(world, info, member, own)
            case ast.Relation():
                relation = declared_relation(world, info, member)
                if not _is_first(world, names, relation.name, relation.span or member.span):
                    continue
                info.relations[relation.name] = relation
                if relation.kind == "to_one" and relation.key not in own:
                    _key_column(world, info, relation)
            case ast.Computed():
                _is_first(world, names, member.name.text, member.name.span)


def _field(world: World, info: ResourceInfo, field: ast.Field, own: set[str]) -> None:
    name = field.name.text
    kind: Type = BROKEN
    if not is_half_read(world, field):
        kind = read_type(world, field.type, info.name, name)
    if isinstance(kind, Broken) and _reads_as_resource(field.type):
        kind = Record("")
    match required(kind):
        case Record(resource=target):
            key = foreign_key(field.options, f"{name}_id")
            info.relations[name] = relation = RelationInfo(
                name=name,
                kind="to_one",
                target=target,
                key=key,
                nullable=field.type.nullable,
                options=option_values(field.options),
                span=field.name.span,
            )
            if key not in own:
                _key_column(world, info, relation, field.doc)
            return
        case Array(item=Record(resource=target)):
            info.relations[name] = RelationInfo(
                name=name,
                kind="to_many",
                target=target,
                key=foreign_key(field.options, f"{snake_case(info.name)}_id"),
                nullable=False,
                options=option_values(field.options),
                span=field.name.span,
            )
            return
    if field.options and not _is_broken(kind):
        world.problems.error(
            "REL300",
            field.options[0].span.to(field.options[-1].span),
            f"`{name}` is no relation, so nothing takes these options",
            "give it the type of a resource, or write annotations: `@default(…)`",
        )
    _add(
        world,
        info,
        name,
        kind,
        field.name.span,
        auto_update=any(a.name.text == "auto_update" for a in field.annotations),
        doc=field.doc,
    )


def _is_broken(kind: Type) -> bool:
    """Whether it was to be a relation, perhaps, but for an error that is reported."""
    kind = required(kind)
    return isinstance(kind.item if isinstance(kind, Array) else kind, Broken)


def _reads_as_resource(ref: ast.TypeRef) -> bool:
    return isinstance(ref.type, ast.NamedType) and ref.type.name[:1].isupper()


def _key_column(
    world: World, info: ResourceInfo, relation: RelationInfo, doc: str | None = None
) -> None:
    kind = key_type(world, relation.target)
    if relation.key not in info.columns:
        nullable = optional(kind) if relation.nullable else kind
        _add(world, info, relation.key, nullable, relation.span, doc=doc)


def key_type(world: World, resource: str) -> Type:
    """The type of a resource's primary key; unknown when it has none."""
    target = world.resources.get(resource)
    if target is None or target.primary_key is None:
        return BROKEN
    for member in target.node.members:
        if isinstance(member, ast.Field) and member.name.text == target.primary_key:
            named = member.type.type
            return SCALARS.get(named.name, ANY) if isinstance(named, ast.NamedType) else ANY
    return BROKEN


def _add(
    world: World,
    info: ResourceInfo,
    name: str,
    kind: Type,
    span: Span | None,
    *,
    auto_update: bool = False,
    doc: str | None = None,
) -> None:
    taken = world.taken_columns.setdefault(info.name, set(SNAPSHOT_ATTRIBUTES))
    sensitive = {name, f"{info.name}.{name}"} & set(world.config.sensitive)
    python = python_name(name, taken)
    taken.add(python)
    info.columns[name] = Column(name, python, kind, auto_update, bool(sensitive), span, doc)


def _is_first(world: World, names: dict[str, Span], name: str, span: Span) -> bool:
    first = names.setdefault(name, span)
    if first is span:
        return True
    world.problems.error(
        "SYN013",
        span,
        f"`{name}` is declared twice",
        "rename or remove one of the two",
        Related(first, "first declared here"),
    )
    return False
