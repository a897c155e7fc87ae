"""Entries of hashes and arrays that are certain to be there."""

from ... import ast
from ...types import FLOAT, NIL, Array, Hash, optional, required
from ..functions.function_builder import Frame
from ..python import literals
from ..python.code import Code, Effect, Strength, made_of
from ..python.typing import UNKNOWN, type_of


def is_certain(frame: Frame, node: ast.Expr) -> bool:
    """Whether it reads an entry that is there: a literal has it, or a condition made sure."""
    facts = frame.module.facts
    return node in facts.certain or node in facts.narrowed


def entry(
    frame: Frame, node: ast.Expr, owner: ast.Expr, target: Code, position: Code
) -> Code | None:
    """`target[position]`, with its own type where the others are of another one.

    None where it is not certain to be there, or nothing is known of it.
    """
    kind, own = required(type_of(frame, owner)), type_of(frame, node)
    if not is_certain(frame, node) or not isinstance(kind, Array | Hash) or own in UNKNOWN:
        return None
    item = kind.value if isinstance(kind, Hash) else kind.item
    parts = [target, position]
    text = f"{target.at(Strength.PRIMARY)}[{position.text}]"
    if own == required(item) and own != item:
        what = literals.quoted(" ".join(node.span.text.split()))
        text = f"{frame.module.imports.operator('unwrap')}({text}, {what})"
    elif own not in (NIL, item, optional(item)):
        if required(own) == FLOAT:  # type checkers may know it, and refuse a needless cast
            text = f"{frame.module.imports.operator('item')}({target.text}, {position.text})"
        cast = frame.module.imports.use("typing", "cast")
        text = f'{cast}("{frame.module.annotation(own)}", {text})'
    return made_of(text, Strength.PRIMARY, parts, Effect.READS)
