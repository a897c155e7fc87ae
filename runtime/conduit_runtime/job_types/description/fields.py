"""The shapes of the fields of a payload, from its class."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any

from ...model.kinds import KINDS
from ...model.text.names import fields_of, source_name
from ...model.type_description import FieldShape
from ...payloads.sensitive import is_sensitive
from ...records.rows import Snapshot
from ..kept import is_loop

_ANY = FieldShape("any")


def field_shapes(payload: type[Any]) -> Mapping[str, FieldShape]:
    """The fields of a payload class by their names in JSON; none for any other annotation."""
    if not dataclasses.is_dataclass(payload):
        return {}
    return {name: shape_of_field(annotation) for _, name, annotation in fields_of(payload)}


def step_shapes(step: str, kept: type[Any] | None) -> Mapping[str, FieldShape]:
    """The fields of the record of a step, whose class `kept` says what it keeps."""
    fields = {} if kept is None else field_shapes(kept)
    if not is_loop(step):
        return fields
    return {"turns": FieldShape("int"), "kept": FieldShape("struct", fields=fields)}


def shape_of_field(annotation: Any) -> FieldShape:
    """The shape of a field with this annotation."""
    if typing.get_origin(annotation) is typing.Annotated:
        inner = shape_of_field(annotation.__origin__)
        return dataclasses.replace(inner, sensitive=inner.sensitive or is_sensitive(annotation))
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        others = [each for each in arguments if each is not types.NoneType]
        one = shape_of_field(others[0]) if len(others) == 1 else _ANY
        return dataclasses.replace(one, nullable=one.nullable or len(others) < len(arguments))
    if origin is typing.Literal:
        return FieldShape("enum", values=tuple(map(str, arguments)))
    if origin is list:
        return FieldShape("array", item=shape_of_field(arguments[0]))
    if origin is dict:
        return FieldShape("hash", item=shape_of_field(arguments[1]))
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        fields = field_shapes(annotation)
        if issubclass(annotation, Snapshot):
            [record] = typing.get_args(vars(annotation)["__orig_bases__"][0])
            return FieldShape("record", name=source_name(record), fields=fields)
        return FieldShape("struct", name=source_name(annotation), fields=fields)
    return FieldShape(KINDS[annotation].name) if annotation in KINDS else _ANY
