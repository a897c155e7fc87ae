"""The descriptions of job types that workers store, from their code."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import msgspec

from ..model.type_description import DescribedType, FieldShape, KnownShape, TypeDescription
from ..postgres.arrays import array
from ..postgres.statement import Rows, Statement, nothing

_description = msgspec.json.Decoder(TypeDescription)
_fields = msgspec.json.Decoder(dict[str, FieldShape])


def describe_types(types: Iterable[DescribedType]) -> Statement[None]:
    """Store these descriptions; rows that already say the same stay untouched."""
    described = [
        {
            "type": each.type,
            "fingerprint": each.fingerprint,
            "queue": each.queue,
            "description": _written(asdict(each.description)),
        }
        for each in types
    ]
    return Statement("job_types/describe", {"described": json.dumps(described)}, nothing)


def known_shapes(types: Sequence[str]) -> Statement[Mapping[str, Sequence[KnownShape]]]:
    """The known payload shapes of these types, by type; a `PayloadMask` takes them."""

    def decode(rows: Rows, count: int) -> dict[str, list[KnownShape]]:
        found: dict[str, list[KnownShape]] = {}
        for type_, fingerprint, fields in rows:
            shape = KnownShape(fingerprint, _fields.decode(fields))
            found.setdefault(type_, []).append(shape)
        return found

    return Statement("job_types/shapes", {"types": array(types)}, decode)


def described_types(type: str | None = None) -> Statement[list[DescribedType]]:
    """The descriptions that workers stored of a type, or of all types; each shape has one."""

    def decode(rows: Rows, count: int) -> list[DescribedType]:
        return [
            DescribedType(type_, fingerprint, queue, _description.decode(description))
            for type_, fingerprint, queue, description in rows
        ]

    return Statement("job_types/described", {"type": type}, decode)


def _written(value: Any) -> Any:
    """A description as JSON, without empty entries."""
    if isinstance(value, dict):
        return {_written(key): _written(each) for key, each in value.items() if not _is_empty(each)}
    if isinstance(value, list | tuple):
        return [_written(each) for each in value]
    return _storable(value) if isinstance(value, str) else value


def _storable(text: str) -> str:
    """The text without what Postgres refuses."""
    replaced = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return replaced.encode(errors="replace").decode()


def _is_empty(value: Any) -> bool:
    return (
        value is None
        or value is False
        or (isinstance(value, str | tuple | list | dict) and not value)
    )
