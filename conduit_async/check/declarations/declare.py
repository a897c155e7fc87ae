"""Declares the resources and their members."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import inflection

from ... import ast
from ...analyses.walk import walk
from ...diagnostics import Problems, Related
from ...names import module_name, record_name, snake_case, snapshot_name
from ...program import ResourceInfo
from ..environment import Environment
from ..fields import marked_fields
from .columns import declare_columns
from .constraints import check_constraints
from .functions import declare_functions
from .relations import check_relations, foreign_key
from .type_refs import read_type
from .uncompiled import check_uncompiled


def declare(env: Environment, files: Sequence[ast.File]) -> None:
    """Fill the environment's resources, structs and enums from all files."""
    for resource in _distinct(env, files):
        name = resource.name.text
        env.resources[name] = ResourceInfo(
            name=name,
            table=env.config.tables.get(name) or table_name(name),
            module=module_name(name),
            node=resource,
            primary_key=_primary_key(resource),
            columns={},
            relations={},
            functions={},
            scopes={},
            hooks=[],
            doc=resource.doc,
        )
    for name, info in env.resources.items():
        env.taken_names |= {record_name(name), snapshot_name(name)}
        env.taken_names |= set(attributes(info.node))
    for info in env.resources.values():
        env.resources.work_on(info)
        declare_columns(env, info)
        relation = info.relations.get(info.primary_key or "")
        if relation is not None:
            info.primary_key = relation.key if relation.key in info.columns else None
        declare_functions(env, info)
        _name_types_of_variables(env, info)
    for info in env.resources.values():
        env.resources.work_on(info)
        check_relations(env, info)
        check_constraints(env, info)
        check_uncompiled(env, info)


def table_name(resource: str) -> str:
    """The table of a resource: `LineItem` → `line_items`, `Person` → `people`."""
    return inflection.pluralize(snake_case(resource))


def _distinct(env: Environment, files: Sequence[ast.File]) -> Iterable[ast.Resource]:
    seen: dict[str, ast.Resource] = {}
    for resource in (resource for file in files for resource in file.resources):
        name = resource.name
        if (first := seen.get(name.text)) is not None:
            message = f"`{name.text}` is declared twice"
            related = Related(first.name.span, "first declared here")
            hint = "give one of the two resources another name"
            if name.span.source not in env.unparsed.unbalanced:
                env.problems.error("SEM207", name.span, message, hint, related)
            continue
        seen[name.text] = resource
        yield resource


def attributes(resource: ast.Resource) -> Iterator[str]:
    """The names of fields, even of structs; in its class a field hides a class of that name."""
    for member in resource.members:
        if isinstance(member, ast.Field | ast.Relation):
            yield foreign_key(member.options, "")
            yield from (node.name.text for node in walk(member) if isinstance(node, ast.Field))


def _name_types_of_variables(env: Environment, info: ResourceInfo) -> None:
    """Name the structs and enums in the types of all `let`s, in reached code or not."""
    aside = replace(env, problems=Problems())
    for node in walk(info.node):
        if isinstance(node, ast.Let) and node.type is not None:
            read_type(aside, node.type, info.name, node.name.text)


def _primary_key(resource: ast.Resource) -> str | None:
    """The one `@primary` field, else the field `id`."""
    marked = {name for name, _ in marked_fields(resource, "primary")}
    if marked:
        return marked.pop() if len(marked) == 1 else None
    fields = (member for member in resource.members if isinstance(member, ast.Field))
    return "id" if any(field.name.text == "id" for field in fields) else None
