"""Shapes and tags: how a payload shows the types of values that JSON does not show."""

import typing
from collections.abc import Mapping
from typing import Any, TypeAlias

from ..model.kinds import KINDS

Parts: TypeAlias = Mapping[Any, Any]
"""Key or position → the type of the item there, or the parts of a hash or an array there.

`...` stands for every item that is not named.
"""


class Shape:
    """The types of those items of a hash or an array that JSON alone would change.

    >>> from decimal import Decimal
    >>> Total = typing.Annotated[dict[str, Any], Shape({"total": Decimal, "lines": {0: Decimal}})]
    """

    __slots__ = ("parts",)

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def __repr__(self) -> str:
        return f"Shape({self.parts!r})"


def shape_of(annotation: Any) -> Shape | None:
    """The shape in an annotation, if there is one."""
    if typing.get_origin(annotation) is not typing.Annotated:
        return None
    return next((each for each in annotation.__metadata__ if isinstance(each, Shape)), None)


# A value with a tag is a hash with one key, which names the type: `{"$decimal": "1.50"}`. `$value`
# holds JSON as it is: a hash that looks like a tag, or a value that is not of the expected type.
TYPES: Mapping[str, type[Any]] = {
    f"${kind.name}": kind.type for kind in KINDS.values() if kind.is_text
}
VALUE = "$value"


def tag_of(value: Any) -> str | None:
    """The tag of a value that JSON would write as a text; None for any other value."""
    return next((tag for tag, kind in TYPES.items() if isinstance(value, kind)), None)


def is_tagged(value: Any) -> bool:
    """Whether a JSON value has a tag, or looks as if it had one."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    (key,) = value
    return key == VALUE or key in TYPES
