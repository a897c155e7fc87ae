"""Patterns of a `match`: those that an earlier one takes already, and those that are missing."""

from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal

from ... import ast
from ...types import BOOL, Enum, Type, is_nullable, required
from ..coercion import constant_text
from ..constants import Constant, NotConstantError, fold
from ..sizes import constant_number


@dataclass
class EarlierPatterns:
    """The patterns of the arms above."""

    _values: dict[tuple[bool, Constant], ast.Expr] = field(default_factory=dict)
    _ranges: list[tuple[ast.Binary, Decimal, Decimal]] = field(default_factory=list)

    def taking(self, pattern: ast.Expr) -> ast.Expr | None:
        """The earlier pattern that takes all that this one may; without one, this is noted."""
        if isinstance(pattern, ast.Binary):
            low, high = constant_number(pattern.left), constant_number(pattern.right)
        else:
            low = high = constant_number(pattern)
        if low is not None and high is not None:
            excludes_high = isinstance(pattern, ast.Binary) and pattern.operator == "..."
            for first, start, end in self._ranges:
                ends = high < end or (high == end and (excludes_high or first.operator == ".."))
                if start <= low and ends:
                    return first
            if isinstance(pattern, ast.Binary):
                self._ranges.append((pattern, low, high))
        if isinstance(pattern, ast.Binary):
            return None
        try:
            value = fold(pattern)
        except NotConstantError:
            value = pattern.span.text
        first_value = self._values.setdefault((isinstance(value, bool), value), pattern)
        return first_value if first_value is not pattern else None


def unmatched(subject: Type, covered: Collection[ast.Pattern]) -> tuple[str, ...]:
    """The patterns that are missing among those of all arms, none of which takes everything."""
    kind = required(subject)
    if isinstance(kind, Enum):
        texts = {constant_text(each) for each in covered if not isinstance(each, ast.Wildcard)}
        texts.discard(None)
        if not texts <= {*kind.values}:
            return ()  # a typo, which is reported and may be the missing one
        missing = [f'"{value}"' for value in kind.values if value not in texts]
    elif kind == BOOL:
        bools = {pattern.value for pattern in covered if isinstance(pattern, ast.Bool)}
        missing = [word for word, value in (("true", True), ("false", False)) if value not in bools]
    else:
        return ("_",)
    if is_nullable(subject) and not any(isinstance(pattern, ast.Nil) for pattern in covered):
        missing.append("nil")
    return tuple(missing)
