"""What a database should have: all that our migrations make.

`expected.json` has it as Postgres describes a fresh database, whose tables are in the schema
`public`. A test compares the file with such a database; with --snapshot-update it writes the file.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from msgspec import Struct, json

PLACE = Path(__file__).with_suffix(".json")
_SCHEMA = "public."


class ExpectedColumn(Struct, frozen=True):
    """A column: its type as Postgres names it, and its definition."""

    type: str
    is_required: bool
    definition: str


class ExpectedFunction(Struct, frozen=True):
    """A function: the SHA-256 of its text, and whether it sets its own search path."""

    digest: str
    has_owners_rights: bool
    is_pinned: bool


class Expected(Struct, frozen=True):
    """Tables with their columns and storage options, indexes, triggers and functions."""

    tables: Mapping[str, Mapping[str, ExpectedColumn]]
    options: Mapping[str, Mapping[str, str]]
    indexes: Mapping[str, str]
    triggers: Mapping[str, str]
    functions: Mapping[str, ExpectedFunction]


@lru_cache(maxsize=1)
def expected() -> Expected:
    """All that the migrations make together."""
    return json.decode(PLACE.read_bytes(), type=Expected)


def placed(definition: str, prefix: str) -> str:
    """A definition with the names of ours behind this prefix, a quoted schema with its dot."""
    return definition.replace(_SCHEMA, prefix)


def shape_of(index: str) -> str:
    """Columns and condition of an index, from its definition as Postgres prints it."""
    return index.partition(" USING ")[2]
