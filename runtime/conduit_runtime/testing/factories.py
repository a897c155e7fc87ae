"""Payloads and records for tests: fields that a test leaves out get plain values."""

import dataclasses
import types
import typing
from typing import Any, TypeVar

from ..job_types.job_type import JobType
from ..model.errors import PayloadMismatch
from ..model.identity import TABLE
from ..model.kinds import KINDS
from ..model.payload import encode
from ..model.text.names import fields_of
from ..payloads.decode import decoder
from ..records.rows import read_record
from ..records.tables import RecordError

P = TypeVar("P")

_PLAIN: dict[Any, typing.Callable[[], Any]] = {
    **{kind.type: kind.sample for kind in KINDS.values()},
    bytes: bytes,
    Any: lambda: None,
    object: lambda: None,
    types.NoneType: lambda: None,
}


def payload(of: JobType[Any, P] | type[P], /, **fields: Any) -> P:
    """Make a payload of a job type, or any dataclass of a generated package, such as a record.

    A field that is not given is None if it may be. Otherwise it gets a value of its type: its own
    name as text, 1, a new UUID, the present time, the first value of an enum, an empty list or
    hash, or a struct of such fields. Raises TypeError for an unknown field, and for a value that
    does not fit its field.
    """
    kind: Any = of.payload if isinstance(of, JobType) else of
    if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)):
        raise TypeError(f"{of!r} is neither a job type nor a class of payloads or records")
    made: P = _made(kind, fields)
    _check(kind, made)
    return made


def _made(kind: Any, given: dict[str, Any]) -> Any:
    names = {attribute: hint for attribute, _, hint in fields_of(kind)}
    if unknown := given.keys() - names.keys():
        raise TypeError(
            f"{kind.__name__} has no field {', '.join(sorted(unknown))}: it has {', '.join(names)}"
        )
    has_default = {
        each.name
        for each in dataclasses.fields(kind)
        if each.default is not dataclasses.MISSING
        or each.default_factory is not dataclasses.MISSING
    }
    values = {
        name: given[name] if name in given else _value(hint, f"{kind.__name__}.{name}")
        for name, hint in names.items()
        if name in given or name not in has_default
    }
    return kind(**values)


def _value(hint: Any, place: str) -> Any:
    if hint is str:
        return place.rpartition(".")[2]
    if hint in _PLAIN:
        return _PLAIN[hint]()
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _value(arguments[0], place)
    if origin is typing.Literal:
        return arguments[0]
    if origin in (typing.Union, types.UnionType):
        return None if types.NoneType in arguments else _value(arguments[0], place)
    if isinstance(kind := origin or hint, type):
        if dataclasses.is_dataclass(kind):
            return _made(kind, {})
        if kind in (list, dict, tuple, set, frozenset):
            return kind()
    raise TypeError(f"{place} has no usual value: give one")


def _check(kind: type[Any], made: Any) -> None:
    """Raise TypeError for values that do not fit their fields."""
    try:
        if TABLE in vars(kind):
            read_record(kind, made)
        else:
            decoder(kind)(encode(made))
    except (RecordError, PayloadMismatch) as error:
        raise TypeError(f"{kind.__name__} cannot have these values: {error}") from None
