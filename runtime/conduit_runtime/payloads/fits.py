"""Tells, by Python's types alone, that a payload reads back; most do, and need no decoding."""

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ..model.kinds import KINDS
from ..model.text.names import fields_of
from .sensitive import is_sensitive, without_mark


class Fit(NamedTuple):
    """The values of a type that certainly read back: those of some classes, and what passes."""

    classes: frozenset[type]
    passes: Callable[[Any], bool] | None = None

    def __call__(self, value: Any) -> bool:
        """Whether a value certainly reads back as the type; False if that is not clear."""
        return type(value) in self.classes or (self.passes is not None and self.passes(value))


_NONE = Fit(frozenset())
_TEXT = Fit(frozenset({str}))


@functools.cache
def fit(annotation: Any) -> Fit:
    """The values that certainly read back as a payload, or a part of one, of a type."""
    if annotation is Any or annotation is object:
        return Fit(frozenset(), lambda value: True)
    if annotation in KINDS or annotation is types.NoneType:
        return Fit(frozenset({annotation}))
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return Fit(frozenset(), _fields(annotation))
    if is_sensitive(annotation):
        return fit(without_mark(annotation))
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return _either([fit(each) for each in arguments])
    if origin is typing.Literal:
        return _TEXT
    if origin is list:
        return Fit(frozenset(), _items(list, fit(arguments[0])))
    if origin is dict and arguments[0] is str:
        return Fit(frozenset(), _items(dict, fit(arguments[1])))
    return _NONE


def _either(fits: list[Fit]) -> Fit:
    classes = frozenset[type]().union(*(each.classes for each in fits))
    passes = [each.passes for each in fits if each.passes is not None]
    if not passes:
        return Fit(classes)
    return Fit(classes, lambda value: any(each(value) for each in passes))


def _fields(target: type[Any]) -> Callable[[Any], bool]:
    members = [(attribute, *fit(kind)) for attribute, _, kind in fields_of(target)]

    def passes(value: Any) -> bool:
        if type(value) is not target:
            return False
        for attribute, classes, part_passes in members:
            part = getattr(value, attribute)
            if type(part) not in classes and (part_passes is None or not part_passes(part)):
                return False
        return True

    return passes


def _items(kind: type[Any], item: Fit) -> Callable[[Any], bool]:
    classes = item.classes
    # Without classes, to ask `passes` saves a call of each part.
    part_passes = item.__call__ if classes and item.passes else item.passes
    is_hash = kind is dict

    def passes(value: Any) -> bool:
        if type(value) is not kind:
            return False
        parts: Iterable[Any] = value.values() if is_hash else value
        if classes.issuperset(map(type, parts)):
            return True
        return part_passes is not None and all(map(part_passes, parts))

    return passes
