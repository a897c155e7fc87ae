"""The types of random programs, and the resource that has the programs."""

from dataclasses import dataclass, replace
from typing import Optional


@dataclass(frozen=True)
class Kind:
    """A type: `item` is an array's or hash's, `parts` a struct's or literal's, `values` an enum's.

    A hash has strings as keys. With `maybe`, nil is one of the values.
    """

    name: str
    item: Optional["Kind"] = None
    parts: tuple[tuple[str, "Kind"], ...] = ()
    values: tuple[str, ...] = ()
    maybe: bool = False

    @property
    def optional(self) -> "Kind":
        """The type with nil."""
        return self if self.name == "any" else replace(self, maybe=True)

    @property
    def sure(self) -> "Kind":
        """The type without nil."""
        return replace(self, maybe=False)

    @property
    def holds_struct(self) -> bool:
        """Whether its values are or contain structs."""
        return self.name == "struct" or (self.item is not None and self.item.holds_struct)

    @property
    def source(self) -> str:
        """The type in a source, without its mark."""
        match self.name:
            case "array":
                return f"array<{_item(self.item)}>"
            case "hash":
                return f"hash<string, {_item(self.item)}>"
            case "enum":
                values = ", ".join(f'"{each}"' for each in self.values)
                return f"enum [{values}]"
            case "struct":
                parts = " ".join(f"{name}: {kind.marked}" for name, kind in self.parts)
                return f"{{ {parts} }}"
            case "any":
                return "json"
        return self.name

    @property
    def marked(self) -> str:
        """The type in a source, with `!` or `?`."""
        return self.source + ("?" if self.maybe or self.name == "any" else "!")


def _item(kind: Kind | None) -> str:
    assert kind is not None
    return kind.marked.removesuffix("!")


def array(item: Kind) -> Kind:
    """An array of items."""
    return Kind("array", item)


def hash_of(item: Kind) -> Kind:
    """A hash with strings as keys."""
    return Kind("hash", item)


def struct(**parts: Kind) -> Kind:
    """A struct."""
    return Kind("struct", parts=tuple(parts.items()))


INT, FLOAT, DECIMAL = Kind("int"), Kind("float"), Kind("decimal")
STRING, BOOL, UUID = Kind("string"), Kind("bool"), Kind("uuid")
TIMESTAMP, DATE, TIME, DURATION = Kind("timestamp"), Kind("date"), Kind("time"), Kind("duration")
ANY = Kind("any")
"""The type of a service's result, or of JSON: unknown before the program runs."""
STATE = Kind("enum", values=("draft", "open", "it's"))
MOOD = Kind("enum", values=("good", "bad"))
INNER = struct(x=FLOAT, tag=STRING.optional)
BOX = struct(label=STRING, size=INT.optional, inner=INNER)
SPOT = struct(city=STRING, zip=INT.optional)
STOP = struct(name=STRING, minutes=INT)

SCALARS = (INT, FLOAT, DECIMAL, STRING, BOOL, UUID, TIMESTAMP, DATE, TIME, DURATION)
NUMBERS = ("int", "float", "decimal")
FIELDS = {
    "title": STRING,
    "note": STRING.optional,
    "word": STRING,
    "state": STATE,
    "mood": MOOD.optional,
    "n": INT,
    "m": INT.optional,
    "count": INT,
    "ratio": FLOAT,
    "rating": FLOAT.optional,
    "price": DECIMAL,
    "cost": DECIMAL.optional,
    "active": BOOL,
    "sure": BOOL.optional,
    "at": TIMESTAMP,
    "seen": TIMESTAMP.optional,
    "day": DATE,
    "due": DATE.optional,
    "clock": TIME,
    "key": UUID,
    "tags": array(STRING),
    "nums": array(INT),
    "ratios": array(FLOAT).optional,
    "prices": array(DECIMAL),
    "limits": hash_of(INT),
    "words": hash_of(STRING).optional,
    "data": ANY,
    "box": BOX,
    "spot": SPOT.optional,
    "stops": array(STOP),
}
"""The columns of the resource, except for its key."""
