"""`[i]` and `!`."""

from ... import ast
from ...types import ANY, INT, Array, Hash, NilType, is_nullable, required
from ..body import Body, Steps, Target, rule
from ..forms import constant_key, constant_text
from ..lattice import BROKEN, fits, is_unknown
from ..require import article, origin, shorten
from .comparisons import reads_relation
from .entries import entry
from .narrow import narrowed
from .nil_hints import checked, closed


@rule(ast.Index)
def index(body: Body, node: ast.Index) -> Steps:
    """`target[index]`: nil past the end of an array, and for a key that is missing."""
    kind = yield Target(node.target)
    if body.goes_on(node.target):
        body.short.add(node)
    before = body.known
    position = yield node.index
    body.known = before
    if is_nullable(kind):
        shown = shorten(node.target)
        body.problems.error(
            "TYP101",
            node.target.span,
            f"`{shown}` may be nil, which has no items",
            f"{checked(node.target, shown)}, or write "
            f"`{closed(node.target, shown)}![{shorten(node.index)}]` to fail",
            *origin(body, node.target),
        )
        kind = required(kind)
    if is_unknown(kind):
        return kind
    match kind:
        case Array() if not fits(position, INT):
            body.problems.error(
                "TYP122",
                node.index.span,
                f"an array is indexed with an int, this is {article(position)}",
            )
            return BROKEN
        case Hash(key=key) if not fits(position, key):
            body.problems.error(
                "TYP122",
                node.index.span,
                f"this hash has keys of type {key}, this is {article(position)}",
            )
            return BROKEN
        case Array() | Hash():
            constant = constant_key(node.index)
            found = entry(body, node, node.target, kind, constant, node.index.span)
            return narrowed(body, node, found)
    field = constant_text(node.index)
    hint = f"write `{shorten(node.target)}.{field}`" if field else None
    body.problems.error("TYP122", node.span, f"{article(kind)} has no items to index", hint)
    return BROKEN


@rule(ast.Unwrap)
def unwrap(body: Body, node: ast.Unwrap) -> Steps:
    """`operand!`: an error at run time when it is nil."""
    kind = yield node.operand
    if not (is_nullable(kind) or is_unknown(kind) or reads_relation(body, node.operand)):
        body.problems.warning(
            "TYP103",
            node.span,
            f"`{shorten(node.operand)}` is never nil, so `!` does nothing here",
            f"write `{shorten(node.operand)}`",
        )
    return ANY if isinstance(kind, NilType) else required(kind)
