"""`Hash`."""

from collections.abc import Hashable, Mapping
from itertools import chain
from typing import Any, TypeVar, overload

from ..model.text.names import named
from ._namespace import namespace

K = TypeVar("K")
V = TypeVar("V")
L = TypeVar("L")
W = TypeVar("W")


@namespace
class Hash:
    """Functions of hashes. They never change their arguments; they return new values."""

    @staticmethod
    def keys(hash: Mapping[K, Any]) -> list[K]:
        """The keys, in order of insertion."""
        return list(hash)

    @staticmethod
    def values(hash: Mapping[Any, V]) -> list[V]:
        """The values, in order of insertion."""
        return list(hash.values())

    # the hash decides the type of its values: a literal that fits it takes that type
    @overload
    @staticmethod
    def merge(hash: dict[K, V], other: Mapping[K, V]) -> dict[K, V]: ...
    @overload
    @staticmethod
    def merge(hash: Mapping[K, V], other: Mapping[L, W]) -> dict[K | L, V | W]: ...
    @staticmethod
    def merge(hash: Mapping[K, V], other: Mapping[L, W]) -> dict[K | L, V | W]:
        """A new hash with the entries of both; of two with one key, the second wins."""
        return dict(chain(hash.items(), other.items()))

    @staticmethod
    @named("has_key?")
    def has_key(hash: Mapping[Any, Any], key: object) -> bool:
        """Whether there is a value under the key."""
        return isinstance(key, Hashable) and key in hash

    @overload
    @staticmethod
    def get(hash: Mapping[Any, V], key: object, default: None = None) -> V | None: ...
    @overload
    @staticmethod
    def get(hash: dict[Any, V], key: object, default: V) -> V: ...
    @overload
    @staticmethod
    def get(hash: Mapping[Any, V], key: object, default: W) -> V | W: ...
    @staticmethod
    def get(hash: Mapping[Any, V], key: object, default: W | None = None) -> V | W | None:
        """The value under the key, or the default."""
        return hash.get(key, default) if isinstance(key, Hashable) else default
