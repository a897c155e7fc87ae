"""Whether old code can read new payloads, as the runtime's tolerant reader does.

The reader is `conduit_runtime.payloads.decode`, without upcasters. A type counts as readable only
if every value of it is.
"""

from ..types import KINDS
from .mixed import reads_parts
from .model import Fields, FieldType, Unreadable


def reads(old_code: Fields, new_payload: Fields) -> Unreadable | None:
    """Return the first field of a new payload that old code cannot read; None if there is none.

    Old code ignores unknown fields, and takes nil for a missing field that may be nil.
    """
    return _fields(old_code, new_payload, "")


def _fields(code: Fields, payload: Fields, path: str) -> Unreadable | None:
    for name, expected in code.items():
        where = f"{path}.{name}" if path else name
        if name not in payload:
            if not _takes_nil(expected):
                return Unreadable(
                    where, "is missing in new payloads, and never nil in the old code"
                )
        elif (problem := _type(expected, payload[name], where)) is not None:
            return problem
    return None


def _takes_nil(code: FieldType) -> bool:
    return code.nullable or bool(code.shape)


def _type(code: FieldType, payload: FieldType, path: str) -> Unreadable | None:
    expected, written = code.json_kind, payload.json_kind
    if code.is_of_another_table(payload):
        reason = f"is {payload} in new payloads, and {code} in the old code, which would not notice"
        return Unreadable(path, reason, looks_readable=True)
    if expected == "any":
        return None
    if payload.nullable and not _takes_nil(code):
        return Unreadable(path, "may be nil in new payloads, and is never nil in the old code")
    if code.shape:
        return _shape(code, payload, path)
    if expected == written == "object":
        return _fields(code.fields, payload.fields, path)
    if code.item is not None and payload.item is not None and expected == written:
        return _type(code.item, payload.item, f"{path}[]")
    if code.item is not None and (expected, written) == ("hash", "object"):
        found = (_type(code.item, each, f"{path}.{name}") for name, each in payload.fields.items())
        return next(filter(None, found), None)
    if (expected, written) == ("object", "hash") and payload.item is not None:
        return _hash_as_object(code, payload.item, path)
    if expected != written and not _is_readable(written, expected):
        reason = f"is {payload} in new payloads, and {code} in the old code"
        return Unreadable(path, reason)
    return None


def _is_readable(written: str, expected: str) -> bool:
    """Whether all values of one kind of JSON can be read as another."""
    if expected == "string":
        return written in KINDS and KINDS[written].is_text
    return expected in KINDS and written in KINDS[expected].reads


def _hash_as_object(code: FieldType, item: FieldType, path: str) -> Unreadable | None:
    for name, expected in code.fields.items():
        problem = _fields({name: expected}, {}, path) or _type(expected, item, f"{path}.{name}")
        if problem is not None:
            return problem
    return None


def _shape(code: FieldType, payload: FieldType, path: str) -> Unreadable | None:
    """Return why a type with a shape cannot read a value; it reads any scalar and nil."""
    is_scalar = payload.kind == "scalar" and not payload.is_untyped
    if is_scalar or (payload.kind == code.kind and reads_parts(code.shape, payload.shape)):
        return None
    return Unreadable(path, "holds values of other types in new payloads than in the old code")
