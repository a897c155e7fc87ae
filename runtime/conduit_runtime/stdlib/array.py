"""`Array`."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar, overload

from ..model.identity import identity
from ..model.text.names import named
from ..operators import equal
from ._namespace import ArgumentError, kind, namespace, properties

T = TypeVar("T")
U = TypeVar("U")


@namespace
class Array:
    """Functions of arrays. They never change their arguments; they return new arrays."""

    @staticmethod
    @properties("method", "total")
    def first(items: Sequence[T]) -> T | None:
        """The first item, nil when there is none."""
        return items[0] if items else None

    @staticmethod
    @properties("method", "total")
    def last(items: Sequence[T]) -> T | None:
        """The last item, nil when there is none."""
        return items[-1] if items else None

    @staticmethod
    @properties("method", "total")
    def length(items: Sequence[T]) -> int:
        """The number of items."""
        return len(items)

    @staticmethod
    @properties("method", "total")
    @named("empty?")
    def is_empty(items: Sequence[T]) -> bool:
        """Whether there are no items."""
        return len(items) == 0

    @staticmethod
    @properties("method", "total")
    @named("includes?")
    def includes(items: Sequence[T], item: object | None) -> bool:
        """Whether one of the items equals `item`."""
        return any(equal(each, item) for each in items)

    @staticmethod
    @properties("method", "total")
    def contains(items: Sequence[T], item: object | None) -> bool:
        """Whether one of the items equals `item`."""
        return any(equal(each, item) for each in items)

    @staticmethod
    @properties("method", "total")
    def unique(items: Sequence[T]) -> list[T]:
        """The items without repetitions, the first kept."""
        seen: set[Any] = set()
        unhashable: list[T] = []
        result: list[T] = []
        for item in items:
            # equal numbers have the same hash; bools are kept apart, since Python counts them as
            # numbers
            key = (bool, item) if isinstance(item, bool) else identity(item) or item
            try:
                known = key in seen
                seen.add(key)
            except TypeError:
                known = any(equal(each, item) for each in unhashable)
                if not known:
                    unhashable.append(item)
            if not known:
                result.append(item)
        return result

    @staticmethod
    @properties("method")
    def sort(items: Sequence[T]) -> list[T]:
        """The items in ascending order."""
        values: Sequence[Any] = items
        if any(value is None for value in values):
            raise ArgumentError("Array.sort: one of the items is nil")
        if len({isinstance(value, bool) for value in values}) > 1:
            raise ArgumentError("Array.sort: a bool has no order with other values")
        try:
            return sorted(values)
        except TypeError:
            kinds = sorted({kind(value) for value in values})
            raise ArgumentError(f"Array.sort: cannot order {' and '.join(kinds)}") from None

    @staticmethod
    @properties("method", "total")
    def reverse(items: Sequence[T]) -> list[T]:
        """The items in the opposite order."""
        return list(reversed(items))

    # the array decides the type of its items: a literal that fits it takes that type
    @overload
    @staticmethod
    def push(items: list[T], item: T) -> list[T]: ...
    @overload
    @staticmethod
    def push(items: Sequence[T], item: U) -> list[T | U]: ...
    @staticmethod
    @properties("method", "total")
    def push(items: Sequence[T], item: Annotated[U, "T"]) -> Annotated[list[T | U], "array<T>"]:
        """A new array with `item` at its end."""
        return [*items, item]

    @overload
    @staticmethod
    def concat(items: list[T], others: Sequence[T]) -> list[T]: ...
    @overload
    @staticmethod
    def concat(items: Sequence[T], others: Sequence[U]) -> list[T | U]: ...
    @staticmethod
    @properties("method", "total")
    def concat(
        items: Sequence[T], others: Annotated[Sequence[U], "array<T>"]
    ) -> Annotated[list[T | U], "array<T>"]:
        """A new array with the items of both."""
        return [*items, *others]

    @staticmethod
    @properties("method", "total")
    def map(items: Sequence[T], function: Callable[[T], U]) -> list[U]:
        """What the function gives for each item."""
        return [function(item) for item in items]

    @staticmethod
    @properties("method", "total")
    def filter(items: Sequence[T], function: Callable[[T], object]) -> list[T]:
        """The items for which the function gives something truthy."""
        return [item for item in items if function(item)]
