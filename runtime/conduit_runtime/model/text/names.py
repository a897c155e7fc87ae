"""The names in the sources, where Python needs another name."""

import dataclasses
import typing
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

T = TypeVar("T")

_OWN = "__conduit_name__"
_FURTHER = "__conduit_further_names__"
_MEMBERS = "__conduit_names__"
_NONE: Mapping[str, str] = MappingProxyType({})


def named(own: str | None = None, /, *further: str, **members: str) -> Callable[[T], T]:
    """Declare the source's names of a class or a function where they differ from Python's.

    `own` is the source's name of the decorated class or function; a function of the library may
    have `further` names. Each keyword maps a field or a
    parameter to its name in the source, which JSON, SQL and logs show.

    >>> @named(from_="from")
    ... @dataclass
    ... class Letter:
    ...     from_: str
    """

    def decorate(target: T) -> T:
        if own is not None:
            setattr(target, _OWN, own)
            setattr(target, _FURTHER, further)
        if members:
            setattr(target, _MEMBERS, MappingProxyType(members))
        return target

    return decorate


def source_name(target: Any) -> str:
    """The name of a class or a function in the source."""
    return str(getattr(target, _OWN, target.__name__))


def further_names(target: Any) -> tuple[str, ...]:
    """The other names of a function in the source."""
    names: tuple[str, ...] = getattr(target, _FURTHER, ())
    return names


def source_names(target: Any) -> Mapping[str, str]:
    """Python name → source name of the members of a class or a function; only those that differ."""
    names: Mapping[str, str] = getattr(target, _MEMBERS, _NONE)
    return names


def fields_of(record: type[Any]) -> list[tuple[str, str, Any]]:
    """Python name, source name and annotation of each field of a dataclass."""
    hints, names = typing.get_type_hints(record, include_extras=True), source_names(record)
    fields = dataclasses.fields(record)
    return [(each.name, names.get(each.name, each.name), hints[each.name]) for each in fields]
