"""`[i]` and `!`."""

from ... import ast
from ...types import ANY, INT, Array, Hash, NilType, is_nullable, required
from ..body import Body, Inference, Receiver, rule
from ..coercion import constant_key, constant_text
from ..lattice import is_assignable, is_unknown
from ..require import declaration_notes
from ..wording import describe, snippet
from .entries import entry
from .narrow import narrowed, reads_nil
from .nil_hints import check_first, parenthesized


@rule(ast.Index)
def index(body: Body, node: ast.Index) -> Inference:
    """`target[index]`: nil past the end of an array, and for a key that is missing."""
    kind = yield Receiver(node.target)
    if body.continues_chain(node.target):
        body.short_circuits.add(node)
    before = body.non_nil
    position = yield node.index
    body.non_nil = before
    if is_nullable(kind):
        shown = snippet(node.target)
        body.error(
            "TYP101",
            node.target,
            f"`{shown}` may be nil, which has no items",
            f"{check_first(node.target, shown)}, or write "
            f"`{parenthesized(node.target, shown)}![{snippet(node.index)}]` to fail",
            *declaration_notes(body, node.target),
        )
        kind = required(kind)
    if is_unknown(kind):
        return kind
    match kind:
        case Array() if not is_assignable(position, INT):
            message = f"an array is indexed with an int, this is {describe(position)}"
            return body.error("TYP122", node.index, message)
        case Hash(key=key) if not is_assignable(position, key):
            message = f"this hash has keys of type {key}, this is {describe(position)}"
            return body.error("TYP122", node.index, message)
        case Array() | Hash():
            constant = constant_key(node.index)
            found = entry(body, node, node.target, kind, constant, node.index.span)
            return narrowed(body, node, found)
    field = constant_text(node.index)
    hint = f"write `{snippet(node.target)}.{field}`" if field else None
    return body.error("TYP122", node, f"{describe(kind)} has no items to index", hint)


@rule(ast.Unwrap)
def unwrap(body: Body, node: ast.Unwrap) -> Inference:
    """`operand!`: an error at run time when it is nil."""
    kind = yield node.operand
    if not reads_nil(body, node.operand):
        message = f"`{snippet(node.operand)}` is never nil, so `!` does nothing here"
        body.warning("TYP103", node, message, f"write `{snippet(node.operand)}`")
    return ANY if isinstance(kind, NilType) else required(kind)
