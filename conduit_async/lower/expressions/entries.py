"""Entries of hashes and arrays that certainly exist."""

from dataclasses import replace

from ... import ast
from ...python.code import Code, Effect, Form, Precedence, combine
from ...types import BOOL, DATE, FLOAT, INT, NIL, TIMESTAMP, Array, Hash, Type, optional, required
from ..functions.function_builder import FunctionBuilder
from ..python.typing import DYNAMIC, as_type, type_of, unchecked

_CLASSES: tuple[tuple[Type, ...], ...] = ((FLOAT, INT, BOOL), (INT, BOOL), (DATE, TIMESTAMP))
"""Groups of types; type checkers accept the later types of a group for its first."""


def entry(
    fn: FunctionBuilder, node: ast.Expr, owner: ast.Expr, target: Code, position: Code
) -> Code | None:
    """Return `target[position]`, cast to its own type if the other entries have another type.

    Return None if the entry may be missing.
    """
    kind, own, facts = required(type_of(fn, owner)), type_of(fn, node), fn.module.facts
    is_certain = node in facts.certain or node in facts.narrowed  # by a literal or a condition
    if not is_certain or not isinstance(kind, Array | Hash):
        return None
    item = kind.value if isinstance(kind, Hash) else kind.item
    parts = [target, position]
    text = f"{target.at(Precedence.PRIMARY)}[{position.text}]"
    code = combine(text, Precedence.PRIMARY, parts, Effect.READS)
    if own in DYNAMIC:
        return replace(code, form=Form.ANY) if target.form is Form.ANY else unchecked(fn, code)
    if own == required(item) and own != item:
        return fn.unwrap(code, node)
    if own in (NIL, item, optional(item)):
        return code
    is_known = _may_be_known(target, kind, required(own))
    return as_type(fn, fn.operator("item", parts, Effect.READS) if is_known else code, own)


def _may_be_known(target: Code, owner: Array | Hash, kind: Type) -> bool:
    """Whether type checkers may know the type of an entry, and reject a cast as needless."""
    if isinstance(kind, Array | Hash):
        return target.items is not None
    below = next((kinds for kinds in _CLASSES if kinds[0] == kind), ())
    others = owner.entries.types if owner.entries is not None else ()
    return bool(below) and all(required(other) in below for _, other in others)
