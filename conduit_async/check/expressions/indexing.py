"""Indexing, the known entries of literals, and `!`."""

from ... import ast
from ...suggest import did_you_mean, listed
from ...types import (
    ANY,
    INT,
    Array,
    Hash,
    NilType,
    Type,
    holds_record,
    is_nullable,
    optional,
    required,
)
from ..body import Body, Inference, Receiver, rule
from ..coercion import constant_key
from ..lattice import is_assignable, is_unknown, result_of_unknown
from ..wording import describe, snippet
from .narrow import narrowed, reads_nil
from .nil import report_nil_items


@rule(ast.Index)
def index(body: Body, node: ast.Index) -> Inference:
    """Check `target[index]`, which is nil past the end of an array and for a missing key."""
    kind = yield Receiver(node.target)
    if body.continues_chain(node.target):
        body.short_circuits.add(node)
    before = body.non_nil
    position = body.infer(node.index)
    body.non_nil = before
    if is_nullable(kind):
        report_nil_items(body, node)
        kind = required(kind)
    if is_unknown(kind):
        return result_of_unknown(kind)
    match kind:
        case Array() if not is_assignable(position, INT):
            message = f"an array is indexed with an int, this is {describe(position)}"
            return body.error("TYP122", node.index, message)
        case Hash(key=key) if not is_assignable(position, key):
            message = f"this hash has keys of type {key}, this is {describe(position)}"
            return body.error("TYP122", node.index, message)
        case Array() | Hash():
            found = entry(body, node, node.target, kind, constant_key(node.index), node.index)
            return narrowed(body, node, found)
    field = ast.constant_text(node.index)
    hint = f"write `{snippet(node.target)}.{field}`" if field else None
    return body.error("TYP122", node, f"{describe(kind)} has no items to index", hint)


def entry(
    body: Body,
    node: ast.Expr,
    owner: ast.Expr,
    kind: Array | Hash,
    key: str | int | None,
    at: ast.Node,
) -> Type:
    """Return the type of an entry: nullable unless a literal is known to have the entry.

    `node` reads the entry from `owner`. `key` is None if it is not constant; `at` is its place.
    """
    item = kind.value if isinstance(kind, Hash) else kind.item
    entries = kind.entries
    body.facts.certain.discard(node)
    if key is None or entries is None:
        return optional(item)
    length = len(entries.types)
    if isinstance(kind, Array) and entries.closed and isinstance(key, int) and key < 0:
        found = entries.find(key + length)
    else:
        found = entries.find(key)
    if found is not None:
        body.facts.certain.add(node)
        # A record in a mixed literal may be a row or a snapshot: only its value shows which.
        return item if is_unknown(item) and holds_record(found) else found
    if not entries.closed:
        return optional(item)
    shown = snippet(owner)
    if isinstance(kind, Hash):
        names = [str(each) for each, _ in entries.types]
        hint = did_you_mean(str(key), names) or listed(names) if names else "it is empty"
        return body.error("SEM203", at, f"`{shown}` has no key `{key}`", hint)
    items = "1 item" if length == 1 else f"{length or 'no'} items"
    message = f"`{shown}` has {items}, so there is none at `[{key}]`"
    return body.error(
        "TYP122", at, message, f"the last one is `[{length - 1}]`" if length else None
    )


@rule(ast.Unwrap)
def unwrap(body: Body, node: ast.Unwrap) -> Inference:
    """Check `operand!`, which is an error at run time if the operand is nil."""
    kind = yield node.operand
    if not reads_nil(body, node.operand):
        shown = snippet(node.operand)
        message = f"`{shown}` is never nil, so `!` does nothing here"
        body.warning("TYP103", node, message, f"write `{shown}`")
    return ANY if isinstance(kind, NilType) else required(kind)
