"""Patterns of a `match` that an earlier one takes already."""

from dataclasses import dataclass, field

from ... import ast
from ...diagnostics import Related
from ..body import Body
from ..constants import Constant, NotConstantError, fold

_Key = tuple[bool, Constant] | str


@dataclass
class EarlierPatterns:
    """The patterns of the arms above."""

    _values: dict[_Key, ast.Pattern] = field(default_factory=dict)
    _ranges: list[tuple[ast.Binary, int | float, int | float]] = field(default_factory=list)

    def check(self, body: Body, pattern: ast.Pattern) -> None:
        """Warn of a pattern that can match no more, and add it to the others."""
        first = self._earlier(pattern)
        if first is not None:
            message = f"`{pattern.span.text}` never matches here"
            hint = "remove it: an arm above takes it"
            body.warning("SEM213", pattern, message, hint, Related(first.span, "taken here"))

    def _earlier(self, pattern: ast.Pattern) -> "ast.Pattern | None":
        match pattern:
            case ast.Wildcard():
                return None
            case ast.Binary(left=left, right=right):
                low, high = _number(left), _number(right)
                if low is None or high is None:
                    return None
                for first, start, end in self._ranges:
                    closed = first.operator == ".." or (pattern.operator == "..." and high <= end)
                    if start <= low and high <= end and (closed or high < end):
                        return first
                self._ranges.append((pattern, low, high))
                return None
        number = _number(pattern)
        for first, start, end in self._ranges:
            if number is not None and (
                start <= number < end or (number == end and first.operator == "..")
            ):
                return first
        first_value = self._values.setdefault(_key(pattern), pattern)
        return first_value if first_value is not pattern else None


def _key(pattern: ast.Expr) -> _Key:
    """What two equal patterns have in common; a bool equals no number."""
    try:
        value = fold(pattern)
    except NotConstantError:
        return pattern.span.text
    return isinstance(value, bool), value


def _number(pattern: ast.Expr) -> int | float | None:
    try:
        value = fold(pattern)
    except NotConstantError:
        return None
    return None if isinstance(value, bool) or not isinstance(value, int | float) else value
