"""What a hash or an array of mixed items holds, beside the annotation of a payload's field."""

import typing
from collections.abc import Mapping
from typing import Any, TypeAlias

Parts: TypeAlias = Mapping[Any, Any]
"""Key or position → the type of what is there, or the parts of a hash or an array there.

`...` is every item that is not named.
"""


class Shape:
    """The types of those items that JSON alone would not give back as they were.

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
