"""The fields of a payload's shape as rows of a table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from conduit_runtime.model.type_description import FieldShape

from ..job.payload_table import kind_in_words


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field: its path, as in `order.lines[].price`, and its type in words."""

    path: str
    kind: str
    is_sensitive: bool


def field_rows(fields: Mapping[str, FieldShape], before: str = "") -> Iterator[FieldRow]:
    """The fields, each followed by its inner fields."""
    for name, shape in fields.items():
        path = f"{before}{name}"
        yield FieldRow(path, kind_in_words(shape), shape.sensitive)
        while shape.item is not None:
            shape, path = shape.item, f"{path}[]"
        yield from field_rows(shape.fields, f"{path}.")
