"""`==`, `!=`, `in` and `not_in`: what they compare, and what they imply."""

from ... import ast
from ...program import RelationUse
from ...types import BOOL, STRING, Array, Enum, Hash, NilType, Range, Type, is_nullable, required
from ..body import Body
from ..coercion import constant_key
from ..lattice import is_text, is_unknown, may_be_equal
from ..narrowing import Narrowing, Path
from ..require import check_enum, report_maybe_nil
from ..wording import describe, snippet
from .narrow import entry_paths, not_nil


def reads_relation(body: Body, node: ast.Expr) -> bool:
    """Whether it is a row that may be gone by the time a job reads it."""
    return isinstance(body.facts.resolutions.get(node), RelationUse)


def equality(body: Body, node: ast.Binary, left: Type, right: Type) -> Type:
    """`==` and `!=`: never an error, a warning where the outcome is known."""
    check_enum(body, node.left, right, f"`{snippet(node.right)}`")
    check_enum(body, node.right, left, f"`{snippet(node.left)}`")
    equal = _implied_by_equality(body, node, left, right)
    body.narrowings[node] = (
        equal if node.operator == "==" else Narrowing(equal.when_false, equal.when_true)
    )
    if not may_be_equal(left, right):
        body.warning(
            "PAT402",
            node,
            f"{describe(required(left))} never equals {describe(required(right))}, "
            f"so this is always {'false' if node.operator == '==' else 'true'}",
        )
    elif isinstance(left, NilType) != isinstance(right, NilType):
        value, kind = (node.right, right) if isinstance(left, NilType) else (node.left, left)
        _compared_with_nil(body, node, value, kind)
    return BOOL


def _compared_with_nil(body: Body, node: ast.Binary, value: ast.Expr, kind: Type) -> None:
    sure = not is_nullable(kind) and not is_unknown(kind)
    if sure and not reads_relation(body, value):
        body.warning(
            "PAT402",
            node,
            f"`{snippet(value)}` is never nil, so this is always "
            f"{'false' if node.operator == '==' else 'true'}",
        )


def _implied_by_equality(body: Body, node: ast.Binary, left: Type, right: Type) -> Narrowing:
    """`x == nil` says that x is not nil when false; `x == "a"`, when true."""
    if isinstance(right, NilType):
        return Narrowing(when_false=not_nil(body, node.left))
    if isinstance(left, NilType):
        return Narrowing(when_false=not_nil(body, node.right))
    true = frozenset[Path]()
    if not is_nullable(right) and not is_unknown(right):
        true |= not_nil(body, node.left)
    if not is_nullable(left) and not is_unknown(left):
        true |= not_nil(body, node.right)
    return Narrowing(true)


def membership(body: Body, node: ast.Binary, left: Type, right: Type) -> Type:
    """`in` and `not_in`: the items of an array, the keys of a hash, a substring, a range."""
    nullable, right = is_nullable(right), required(right)
    match right:
        case Array(item=item):
            _check_items(body, node, left, item)
        case Hash(key=item) | Range(item=item):
            _check_items(body, node, left, item)
        case _ if is_text(right):
            _check_items(body, node, left, STRING)
        case _ if not is_unknown(right):
            body.error(
                "TYP120",
                node,
                f"`{node.operator}` needs an array, a hash, a range or a string on its right, "
                f"this is {describe(right)}",
            )
            return BOOL
    if nullable:
        report_maybe_nil(body, node.right, f"`{node.operator}`", operand=True)
    key = constant_key(node.left)
    if isinstance(right, Hash) and key is not None:
        has = entry_paths(body, node.right, key)
        body.narrowings[node] = (
            Narrowing(has) if node.operator == "in" else Narrowing(when_false=has)
        )
    return BOOL


def _check_items(body: Body, node: ast.Binary, left: Type, item: Type) -> None:
    kind = required(left)
    if isinstance(kind, Enum) and isinstance(node.right, ast.ArrayLiteral):
        for value in node.right.items:
            check_enum(body, value, kind, f"`{snippet(node.left)}`")
    elif not may_be_equal(left, item):
        body.warning(
            "PAT402",
            node,
            f"the items are of type {required(item)}, this is {describe(kind)}, "
            f"so it is always {'false' if node.operator == 'in' else 'true'}",
        )
