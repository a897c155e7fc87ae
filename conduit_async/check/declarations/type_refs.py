"""Resolves type references."""

import re
from dataclasses import replace

from ... import ast
from ...names import class_name, python_name, unclashed
from ...program import Column, StructInfo
from ...suggest import nearest
from ...types import KINDS, SCALARS, Array, Enum, Hash, Optional, Record, Struct, Type, optional
from ..environment import Environment
from ..fields import default_of, earlier_names
from ..lattice import INVALID
from ..unparsed import is_unparsed_resource

_ELSEWHERE = {
    **{word: kind.name for kind in KINDS.values() for word in kind.elsewhere.split()},
    **dict.fromkeys(("map", "dict"), "hash"),
    "list": "array",
}
"""Our names for types of other languages."""


def read_type(env: Environment, ref: ast.TypeRef, owner: str, path: str) -> Type:
    """Return the type of a reference, `optional` if it is nullable; `INVALID` after an error.

    `owner` and `path` name the structs and enums in it: `address` of `Order` is `OrderAddress`.
    """
    kind = _read(env, ref.type, owner, path)
    return optional(kind) if ref.nullable else kind


def is_partly_parsed(env: Environment, field: ast.Field) -> bool:
    """Whether a field's type is uncertain because of a syntax error, which was reported."""
    return field.type.required is None or env.unparsed.touches(field.span)


def _read(env: Environment, node: ast.TypeExpr, owner: str, path: str) -> Type:
    match node:
        case ast.NamedType():
            return _named(env, node)
        case ast.ArrayType():
            return Array(read_type(env, node.element, owner, path))
        case ast.HashType():
            key = read_type(env, node.key, owner, path)
            return Hash(key, read_type(env, node.value, owner, path))
        case ast.EnumType():
            values = tuple(value.value or "" for value in node.values)
            return Enum(_class_name(env, node, owner, path), values)
        case ast.StructType() if env.unparsed.touches(node.span):
            return INVALID
        case ast.StructType():
            return _struct(env, node, owner, path)


def _named(env: Environment, node: ast.NamedType) -> Type:
    if (scalar := SCALARS.get(node.name)) is not None:
        return scalar
    if node.name in env.resources:
        return Record(node.name)
    if is_unparsed_resource(env, node.name):
        return INVALID
    known = [*SCALARS, "array", "hash", *env.resources]
    found = _ELSEWHERE.get(node.name.lower()) or nearest(node.name, known)
    hint = f"did you mean `{found}`?" if found else None
    if hint is None and node.name[:1].isupper():
        hint = f"if it is a resource, add the file that declares `resource {node.name}`"
    message = f"there is no type `{node.name}`"
    env.problems.error("SEM202", node.span, message, hint, cause=message)
    return INVALID


def _struct(env: Environment, node: ast.StructType, owner: str, path: str) -> Struct:
    """Return the type of an inline struct; structs of a resource with equal fields are one type."""
    fields: dict[str, Column] = {}
    taken: set[str] = set()
    for field in node.fields:
        name = field.name.text
        if name in fields:
            continue
        python = python_name(name, taken)
        taken.add(python)
        inner: Type = INVALID
        if not is_partly_parsed(env, field):
            inner = read_type(env, field.type, owner, f"{path}_{name}")
        column = Column(
            name,
            python,
            inner,
            span=field.name.span,
            doc=field.doc,
            is_nullable=field.type.nullable,
        )
        fields[name] = replace(column, was=earlier_names(field), default=default_of(field))
    shape = (owner, *((name, _nameless(fields[name].type)) for name in sorted(fields)))
    if (known := env.structs_by_fields.get(shape)) is not None:
        env.class_names[node] = known.name
        return known
    env.structs_by_fields[shape] = kind = Struct(_class_name(env, node, owner, path))
    env.structs[kind.name] = StructInfo(kind, path, fields)
    return kind


def _nameless(kind: Type) -> Type:
    """Return the type without the names of its enums, as in the source."""
    match kind:
        case Enum(values=values):
            return Enum("", values)
        case Optional(item):
            return Optional(_nameless(item))
        case Array(item):
            return Array(_nameless(item))
        case Hash(key, value):
            return Hash(_nameless(key), _nameless(value))
    return kind


def _class_name(env: Environment, node: ast.TypeExpr, owner: str, path: str) -> str:
    if node not in env.class_names:
        name = unclashed(owner + class_name(re.sub(r"\W", "", path)), env.taken_names)
        env.taken_names.add(name)
        env.class_names[node] = name
    return env.class_names[node]
