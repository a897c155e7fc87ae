"""Type variables of the library's signatures: unification and substitution."""

from typing import TypeAlias

from ... import ast
from ...library import Signature
from ...library.signature import ITEM, NUMBER
from ...types import (
    ANY,
    DECIMAL,
    FLOAT,
    Array,
    FunctionType,
    Hash,
    Optional,
    Struct,
    Type,
    TypeVariable,
    optional,
    required,
)
from ..body import Body
from ..coercion import mapped_literals
from ..lattice import is_assignable, join_all, join_parts
from ..require import require

Bindings: TypeAlias = dict[str, Type]
"""The type of each variable, by name."""


def unify(pattern: Type, actual: Type, bindings: Bindings) -> None:
    """Bind the variables of a parameter's type."""
    match pattern:
        case TypeVariable(name=name, bound=bound):
            known = [bindings[name]] if name in bindings else []
            if bound is None:
                bindings[name] = join_parts([*known, actual])
            else:
                bindings[name] = join_all([*known, required(actual)])
        case Optional(item=TypeVariable(bound=None) as variable):
            unify(variable, actual, bindings)
        case Optional(item=item):
            unify(item, required(actual), bindings)
        case Array(item=item) if isinstance(actual, Array):
            unify(item, actual.item, bindings)
        case Hash(key=key, value=value) if isinstance(actual, Hash):
            unify(key, actual.key, bindings)
            unify(value, actual.value, bindings)
        case FunctionType(result=result) if isinstance(actual, FunctionType):
            unify(result, actual.result, bindings)


def substitute(pattern: Type, bindings: Bindings) -> Type:
    """A signature's type with its variables replaced; unbound ones are `ANY`."""
    match pattern:
        case TypeVariable(name=name, bound=bound):
            found = bindings.get(name, ANY)
            return found if bound is None or is_assignable(required(found), bound) else bound
        case Optional(item=item):
            return optional(substitute(item, bindings))
        case Array(item=item):
            return Array(substitute(item, bindings))
        case Hash(key=key, value=value):
            return Hash(substitute(key, bindings), substitute(value, bindings))
        case FunctionType(parameters=parameters, result=result):
            wanted = tuple(substitute(parameter, bindings) for parameter in parameters)
            return FunctionType(wanted, substitute(result, bindings))
    return pattern


def bound(pattern: Type) -> Type:
    """The type that a parameter takes while its variable is unbound."""
    return pattern.bound if isinstance(pattern, TypeVariable) and pattern.bound else pattern


def agree(
    body: Body, signature: Signature, given: list[ast.Expr | None], bindings: Bindings
) -> None:
    """Let one argument decide that a literal in another is a decimal or a struct."""
    patterns = [parameter.type for parameter in signature.parameters]
    patterns += patterns[-1:] * (len(given) - len(patterns))
    found = [
        (value, pattern, required(body.type_of(value)))
        for value, pattern in zip(given, patterns, strict=True)
        if value is not None
    ]
    kinds = {required(kind.item) if isinstance(kind, Array) else kind for _, _, kind in found}
    structs = [kind for kind in kinds if isinstance(kind, Struct)]
    for value, pattern, kind in found:
        what = f"an argument of `{signature.call}`"
        if pattern == NUMBER and DECIMAL in kinds and kind == FLOAT:
            require(body, value, DECIMAL, what, "TYP131")
            bindings[NUMBER.name] = DECIMAL
        elif pattern == Array(ITEM) and len(structs) == 1:
            wanted = Array(structs[0])
            if kind != wanted and mapped_literals(body, value, wanted):
                require(body, value, wanted, what, "TYP131")
                bindings[ITEM.name] = structs[0]
