"""`==`, `!=`, `in` and `not_in`: their operands, and the nil that they exclude."""

from ... import ast
from ...types import BOOL, STRING, Array, Enum, Hash, NilType, Range, Type, is_nullable, required
from ..body import Body
from ..coercion import constant_key
from ..lattice import InvalidType, is_text, is_unknown, may_be_equal, may_be_nil
from ..narrowing import Narrowing, Path
from ..require import check_enum
from ..wording import describe, snippet
from .narrow import by_values, entry_paths, not_nil, note_excluded, path_of, reads_nil
from .nil import report_maybe_nil


def equality(body: Body, node: ast.Binary, left: Type, right: Type) -> Type:
    """Check `==` and `!=`: report no error, but warn if the outcome is known."""
    check_enum(body, node.left, right, f"`{snippet(node.right)}`")
    check_enum(body, node.right, left, f"`{snippet(node.left)}`")
    equal = _implied_by_equality(body, node, left, right)
    equal |= _implied_of_value(body, node, node.left, node.right)
    equal |= _implied_of_value(body, node, node.right, node.left)
    outcome = "false"
    if node.operator == "!=":
        equal, outcome = equal.negated, "true"
    body.narrowings[node] = equal
    known = None
    if not may_be_equal(left, right):
        known = f"{describe(required(left))} never equals {describe(required(right))}"
    elif isinstance(left, NilType) != isinstance(right, NilType):
        value = node.right if isinstance(left, NilType) else node.left
        known = None if reads_nil(body, value) else f"`{snippet(value)}` is never nil"
    if known is not None:
        body.warning("PAT402", node, f"{known}, so this is always {outcome}")
    return BOOL


def _implied_by_equality(body: Body, node: ast.Binary, left: Type, right: Type) -> Narrowing:
    """A false `x == nil` implies that x is not nil; so does a true `x == "a"`."""
    if isinstance(right, NilType):
        return Narrowing(when_false=not_nil(body, node.left))
    if isinstance(left, NilType):
        return Narrowing(when_false=not_nil(body, node.right))
    true = frozenset[Path]()
    if _holds_value(right):
        true |= not_nil(body, node.left)
    if _holds_value(left):
        true |= not_nil(body, node.right)
    return Narrowing(true)


def _holds_value(kind: Type) -> bool:
    """Whether nil is not among its values, or it is not known because of an error."""
    return isinstance(kind, InvalidType) or not may_be_nil(kind)


def _implied_of_value(body: Body, node: ast.Binary, side: ast.Expr, other: ast.Expr) -> Narrowing:
    """What a comparison of an enum's value with a constant says about its values."""
    value, path = ast.constant_text(other), path_of(body, side)
    if value is None or path is None:
        return Narrowing()
    note_excluded(body, node, path, value)
    return by_values(body, side, [value])


def membership(body: Body, node: ast.Binary, left: Type, right: Type) -> Type:
    """`in` and `not_in`: the items of an array, the keys of a hash, a substring, a range."""
    nullable, right = is_nullable(right), required(right)
    match right:
        case Array(item=item) | Hash(key=item) | Range(item=item):
            _check_items(body, node, left, item)
        case _ if is_text(right):
            _check_items(body, node, left, STRING)
        case _ if not is_unknown(right):
            needed = f"`{node.operator}` needs an array, a hash, a range or a string on its right"
            body.error("TYP120", node, f"{needed}, this is {describe(right)}")
            return BOOL
    if nullable:
        report_maybe_nil(body, node.right, f"`{node.operator}`", operand=True)
    key = constant_key(node.left)
    if isinstance(right, Hash) and key is not None:
        has = Narrowing(entry_paths(body, node.right, key))
        body.narrowings[node] = has if node.operator == "in" else has.negated
    if isinstance(node.right, ast.ArrayLiteral):
        values = [ast.constant_text(item) for item in node.right.items]
        one_of = by_values(body, node.left, [each for each in values if each is not None])
        if None not in values:
            body.narrowings[node] = one_of if node.operator == "in" else one_of.negated
    return BOOL


def _check_items(body: Body, node: ast.Binary, left: Type, item: Type) -> None:
    kind = required(left)
    if isinstance(kind, Enum) and isinstance(node.right, ast.ArrayLiteral):
        for value in node.right.items:
            check_enum(body, value, kind, f"`{snippet(node.left)}`")
    elif not may_be_equal(left, item):
        outcome = "false" if node.operator == "in" else "true"
        types = f"the items are of type {required(item)}, this is {describe(kind)}"
        body.warning("PAT402", node, f"{types}, so it is always {outcome}")
