"""Checks a payload that somebody typed against its shape."""

from collections.abc import Iterator, Mapping
from typing import Any

from conduit_runtime.model.kinds import BY_NAME
from conduit_runtime.model.type_description import FieldShape
from conduit_runtime.payloads.convert import Unfit, converter, kind

_WORDS = {name: kind.words for name, kind in BY_NAME.items()} | {
    "array": "an array",
    "hash": "a hash",
    "struct": "a hash",
    "record": "a hash",
}


def problems(payload: Any, fields: Mapping[str, FieldShape]) -> Iterator[str]:
    """The problems, each with the path of its field. These texts contain no values."""
    yield from _problems(payload, FieldShape("struct", fields=fields), "")


def _problems(value: Any, shape: FieldShape, path: str) -> Iterator[str]:
    if shape.kind == "any" or (value is None and shape.nullable):
        return
    where = path or "the payload"
    if shape.kind in ("struct", "record", "hash"):
        if not isinstance(value, Mapping):
            yield _expected(value, shape, where)
        elif shape.kind == "hash":
            for each in value.values():
                yield from _problems(each, shape.item or FieldShape("any"), f"{path}[…]")
        else:
            yield from _fields(value, shape.fields, path)
    elif shape.kind == "array":
        if not isinstance(value, list):
            yield _expected(value, shape, where)
            return
        for index, each in enumerate(value):
            yield from _problems(each, shape.item or FieldShape("any"), f"{path}[{index}]")
    elif shape.kind == "enum":
        if value not in shape.values:
            yield f"{where}: expected one of {', '.join(shape.values)}"
    elif not _fits(value, shape.kind):
        yield _expected(value, shape, where)


def _fields(value: Mapping[str, Any], fields: Mapping[str, FieldShape], path: str) -> Iterator[str]:
    for name, shape in fields.items():
        where = f"{path}.{name}" if path else name
        if name in value:
            yield from _problems(value[name], shape, where)
        elif not shape.nullable:
            yield f"{where}: is missing"
    for name in value.keys() - fields.keys():
        where = f"{path}.{name}" if path else name
        yield f"{where[:200]}: there is no such field"


def _fits(value: Any, name: str) -> bool:
    if value is None or name not in BY_NAME:
        return name not in BY_NAME
    try:
        converter(BY_NAME[name].type)(value, "")
    except Unfit:
        return False
    return True


def _expected(value: Any, shape: FieldShape, where: str) -> str:
    return f"{where}: expected {_WORDS[shape.kind]}, got {kind(value)}"
