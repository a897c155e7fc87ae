"""Patterns of a `match` that an earlier one takes already."""

from dataclasses import dataclass, field
from decimal import Decimal

from ... import ast
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
