"""`Hash`."""

from collections.abc import Hashable, Mapping
from itertools import chain
from typing import Annotated, Any, TypeVar, overload

from ..model.text.names import named
from ._namespace import namespace, properties

K = TypeVar("K")
V = TypeVar("V")
L = TypeVar("L")
W = TypeVar("W")


@namespace
class Hash:
    """Functions of hashes. They never change their arguments; they return new values."""

    @staticmethod
    @properties("method", "total")
    def keys(hash: Mapping[K, V]) -> list[K]:
        """The keys, in order of insertion."""
        return list(hash)

    @staticmethod
    @properties("method", "total")
    def values(hash: Mapping[K, V]) -> list[V]:
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
    @properties("method", "total")
    def merge(
        hash: Mapping[K, V], other: Annotated[Mapping[L, W], "hash<K, V>"]
    ) -> Annotated[dict[K | L, V | W], "hash<K, V>"]:
        """A new hash with the entries of both; of two with one key, the second wins."""
        return dict(chain(hash.items(), other.items()))

    @staticmethod
    @properties("method", "total")
    @named("has_key?", "has_key")
    def has_key(hash: Mapping[K, V], key: Annotated[object, "K"]) -> bool:
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
    @properties("method", "total", "fallback=default")
    def get(
        hash: Annotated[Mapping[Any, V], "hash<K, V>"],
        key: Annotated[object, "K"],
        default: Annotated[W | None, "V?"] = None,
    ) -> Annotated[V | W | None, "V?"]:
        """The value under the key, or the default."""
        return hash.get(key, default) if isinstance(key, Hashable) else default
