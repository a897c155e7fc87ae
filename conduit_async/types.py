"""The types of Conduit values: plain data, compared by value.

A type does not allow nil by itself; `Optional` does. `ANY` is the type of a value of which nothing
is known, such as a service's result; it is assignable to and from every type. A declared type is
checked when the code runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Widening: TypeAlias = Literal["float", "decimal", "str", "text"]
"""Makes a wider value: `float(x)`, an exact decimal, `str(x)`, or the text as in a string."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A type without parts, and the facts about its values.

    `python` is the module and the name of its class. `elsewhere` are its names in other languages
    and `parse` is the function that reads it from a string. `is_text` is whether JSON has it as a
    string. Every value of the kinds in `reads` can be read as this one. `widens` are the kinds to
    which an older value is safely converted, and how.
    """

    name: str
    python: tuple[str, str] = field(default=("typing", "Any"), compare=False, repr=False)
    is_declared: bool = field(default=True, compare=False, repr=False)
    elsewhere: str = field(default="", compare=False, repr=False)
    parse: str = field(default="", compare=False, repr=False)
    is_text: bool = field(default=False, compare=False, repr=False)
    reads: tuple[str, ...] = field(default=(), compare=False, repr=False)
    widens: Mapping[str, Widening] = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class AnyType:
    """Unknown: every operation on it is allowed.

    `kinds` are the types that its values are known to have, none of them nil, if there are several.
    They do not count when types are compared.
    """

    kinds: tuple["Type", ...] = field(default=(), compare=False, repr=False)

    def __str__(self) -> str:
        return " or ".join(map(str, self.kinds)) or "any"


@dataclass(frozen=True, slots=True)
class NilType:
    """The type of `nil` alone, and of a call that gives nothing."""

    def __str__(self) -> str:
        return "nil"


@dataclass(frozen=True, slots=True)
class Optional:
    """A value or nil; `item` is never itself `Optional`, `ANY` or `NIL`: see `optional`."""

    item: "Type"

    def __str__(self) -> str:
        return f"{self.item}?"


@dataclass(frozen=True, slots=True)
class Entries:
    """The known entries of a literal, by key or position; `closed`: it has no others."""

    types: tuple[tuple[str | int, "Type"], ...]
    closed: bool = True

    def find(self, key: str | int) -> "Type | None":
        """The type of an entry that is certain to be there."""
        return next((kind for known, kind in self.types if known == key), None)


@dataclass(frozen=True, slots=True)
class Array:
    """A list of items of one type. `entries` do not count when types are compared."""

    item: "Type"
    entries: Entries | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"array<{self.item}>"


@dataclass(frozen=True, slots=True)
class Hash:
    """A mapping with keys and values of one type each; `entries` as in `Array`."""

    key: "Type"
    value: "Type"
    entries: Entries | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"hash<{self.key}, {self.value}>"


@dataclass(frozen=True, slots=True)
class Enum:
    """One of some texts. `name` is the Python name of its alias, such as `OrderState`."""

    name: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"enum [{', '.join(self.values)}]"


@dataclass(frozen=True, slots=True)
class Struct:
    """An inline struct; its fields are looked up by `name` in the program's structs."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Record:
    """A row of a resource."""

    resource: str

    def __str__(self) -> str:
        return self.resource


@dataclass(frozen=True, slots=True)
class Query:
    """A query over a resource that has not been run."""

    resource: str

    def __str__(self) -> str:
        return f"query of {self.resource}"


@dataclass(frozen=True, slots=True)
class Range:
    """`a..b`."""

    item: "Type"

    def __str__(self) -> str:
        return f"range of {self.item}"


@dataclass(frozen=True, slots=True)
class FunctionType:
    """The type of a lambda."""

    parameters: tuple["Type", ...]
    result: "Type"

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.parameters))}) -> {self.result}"


@dataclass(frozen=True, slots=True)
class TypeVariable:
    """A type variable that a call of a library function binds, such as the item of its array.

    The type must be assignable to `bound`, if there is one.
    """

    name: str
    bound: "Type | None" = None

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Union:
    """One of several types, only as a parameter of a library function."""

    options: tuple["Type", ...]

    def __str__(self) -> str:
        return " or ".join(map(str, self.options))


Type: TypeAlias = (
    Scalar | AnyType | NilType | Optional | Array | Hash | Enum | Struct | Record | Query
    | Range | FunctionType | TypeVariable | Union
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """The types in a literal of mixed values that JSON would lose, by key or position.

    The position `EACH` stands for every item.
    """

    parts: tuple[tuple[str | int, "Type | Shape"], ...]


EACH = -1
STRING = Scalar("string", ("builtins", "str"), elsewhere="str varchar char")
INT = Scalar(
    "int",
    ("builtins", "int"),
    elsewhere="integer bigint number duration",
    widens={"float": "float", "decimal": "decimal", "string": "str"},
)
FLOAT = Scalar(
    "float",
    ("builtins", "float"),
    elsewhere="double",
    reads=("int",),
    widens={"decimal": "decimal"},  # by its shortest digits, as in `Number.round`
)
BOOL = Scalar("bool", ("builtins", "bool"), elsewhere="boolean")
DECIMAL = Scalar(
    "decimal",
    ("decimal", "Decimal"),
    elsewhere="numeric money",
    is_text=True,
    reads=("int", "float"),
    widens={"string": "text"},
)
TIMESTAMP = Scalar(
    "timestamp",
    ("datetime", "datetime"),
    elsewhere="datetime",
    parse="Time.parse",
    is_text=True,
    widens={"string": "text"},  # but no date becomes a timestamp: it has no zone
)
DATE = Scalar("date", ("datetime", "date"), is_text=True, widens={"string": "text"})
TIME = Scalar("time", ("datetime", "time"), is_text=True, widens={"string": "text"})
UUID = Scalar("uuid", ("uuid", "UUID"), parse="UUID.parse", is_text=True, widens={"string": "str"})
DURATION = Scalar("duration", ("datetime", "timedelta"), is_declared=False, is_text=True)
JSON = Scalar("json", ("typing", "Any"), elsewhere="object jsonb any")
REGEX = Scalar("regex", is_declared=False)
NUMBERS = (INT, FLOAT, DECIMAL)
ANY = AnyType()
NIL = NilType()

ERROR = Scalar("error", is_declared=False)
"""The type of `err` in `rescue |err|`: it has a message and a type, and reads as its message."""

KINDS: Mapping[str, Scalar] = {
    each.name: each
    for each in (
        *(STRING, INT, FLOAT, BOOL, DECIMAL, TIMESTAMP, DATE, TIME, UUID, JSON),
        *(DURATION, REGEX, ERROR),
    )
}
"""All scalars by name."""

TEXT_LIKE = ("string", "text", "markdown", "email", "url", "phone", "ulid")
"""The names that a source may use for the type `string`."""

SCALARS: dict[str, Scalar] = {
    **dict.fromkeys(TEXT_LIKE, STRING),
    **{each.name: each for each in KINDS.values() if each.is_declared},
}
"""The types of a single value that a source can name."""


def optional(item: Type) -> Type:
    """The type with nil; a type that admits nil stays as it is."""
    if isinstance(item, Optional | AnyType | NilType) or item == JSON:
        return item
    return Optional(item)


def innermost(kind: Type) -> Type:
    """The type inside of optional types, arrays and hashes, at any depth."""
    while isinstance(kind, Optional | Array | Hash):
        kind = kind.value if isinstance(kind, Hash) else kind.item
    return kind


def holds_record(kind: Type) -> bool:
    """Whether there are records in a value of a type, at any depth."""
    return isinstance(innermost(kind), Record)


def required(item: Type) -> Type:
    """The type without nil."""
    return item.item if isinstance(item, Optional) else item


def is_nullable(item: Type) -> bool:
    """Whether nil is known to be possible; for `ANY` and `json` this is not known."""
    return isinstance(item, Optional | NilType)
