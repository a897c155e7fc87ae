"""Arrays as Postgres reads them: written here several times quicker than by the driver."""

from collections.abc import Iterable
from uuid import UUID

__all__ = ["array"]


def array(values: Iterable[object]) -> str:
    """The literal of an array of one dimension, for a parameter that is cast to its type."""
    return f"{{{','.join([_element(value) for value in values])}}}"


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return value.hex if isinstance(value, UUID) else str(value)
