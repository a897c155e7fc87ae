"""Entries of hashes and arrays: what a literal has, and what it has not."""

from ... import ast
from ...source import Span
from ...suggest import did_you_mean
from ...types import Array, Hash, Type, holds_record, optional
from ..body import Body
from ..lattice import INVALID, is_unknown
from ..wording import snippet

_FEW = 6
"""Of how many keys all are named in a hint."""


def entry(
    body: Body, node: ast.Expr, owner: ast.Expr, kind: Array | Hash, key: str | int | None, at: Span
) -> Type:
    """The type of an entry, nil among it unless a literal is known to have it.

    `node` reads it of `owner`; `key` is None if it is not constant, and `at` is its span.
    """
    item = kind.value if isinstance(kind, Hash) else kind.item
    body.facts.certain.discard(node)
    if key is None or kind.entries is None:
        return optional(item)
    found = kind.entries.find(_position(kind, key))
    if found is not None:
        body.facts.certain.add(node)
        # A record in a mixed literal may be a row or a snapshot: only its value shows which.
        return item if is_unknown(item) and holds_record(found) else found
    if not kind.entries.closed:
        return optional(item)
    if isinstance(kind, Hash):
        _no_key(body, owner, kind.entries.keys, key, at)
    else:
        _no_item(body, owner, len(kind.entries.types), key, at)
    return INVALID


def _position(kind: Array | Hash, key: str | int) -> str | int:
    """A position from the end as one from the start, where the length is known."""
    entries = kind.entries
    if isinstance(kind, Hash) or entries is None or not entries.closed or not isinstance(key, int):
        return key
    return key + len(entries.types) if key < 0 else key


def _no_key(body: Body, owner: ast.Expr, keys: list[str | int], key: str | int, at: Span) -> None:
    names = [str(each) for each in keys]
    hint = did_you_mean(str(key), names)
    if hint is None and 0 < len(names) <= _FEW:
        hint = f"it has {', '.join(f'`{name}`' for name in names)}"
    shown = snippet(owner)
    body.error("SEM203", at, f"`{shown}` has no key `{key}`", hint or "it is empty")


def _no_item(body: Body, owner: ast.Expr, length: int, key: str | int, at: Span) -> None:
    items = "1 item" if length == 1 else f"{length or 'no'} items"
    hint = f"the last one is `[{length - 1}]`" if length else None
    message = f"`{snippet(owner)}` has {items}, so there is none at `[{key}]`"
    body.error("TYP122", at, message, hint)
