"""What a database should have: all that our migrations make, read from their own text.

The text is regular: a statement begins at the start of a line, a column's definition with its name.
A test compares the result with what Postgres reports after a migration.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ..postgres.tables.migrations import versions

_TABLE = re.compile(
    r"^CREATE TABLE (\w+) \(\n(.*?)\n\)(?: WITH \((.*?)\))?;", re.DOTALL | re.MULTILINE
)
_INDEX = re.compile(r"^CREATE INDEX (\w+) ON (\w+) (\(.*?\))(?:\s+WHERE (.*?))?;", re.S | re.M)
_TRIGGER = re.compile(r"^CREATE (?:CONSTRAINT )?TRIGGER (\w+) .*?;", re.DOTALL | re.MULTILINE)
_FUNCTION = re.compile(r"^CREATE FUNCTION (\w+)\((.*?)(?:\$\$(.*?)\$\$;|\nEND;)", re.S | re.M)
_PINNED = re.compile(r"'(conduit_\w+)'::regproc\b")
_TYPES = {"float8": "double precision", "timestamptz": "timestamp with time zone"}
_NO_COLUMNS = {"PRIMARY", "CHECK", "UNIQUE", "CONSTRAINT", "FOREIGN"}


@dataclass(frozen=True, slots=True)
class ExpectedColumn:
    """A column: its type as Postgres names it, and its definition."""

    type: str
    is_required: bool
    definition: str


@dataclass(frozen=True, slots=True)
class ExpectedIndex:
    """An index: what it must have, and the statement that makes it."""

    shape: str
    statement: str


@dataclass(frozen=True, slots=True)
class ExpectedFunction:
    """A function with its text, which is None if Postgres keeps the function as parsed."""

    text: str | None
    has_owners_rights: bool
    is_pinned: bool
    """Whether the function sets its own search path."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Tables with their columns and storage options, indexes, triggers and functions."""

    tables: Mapping[str, Mapping[str, ExpectedColumn]]
    options: Mapping[str, Mapping[str, str]]
    indexes: Mapping[str, ExpectedIndex]
    triggers: Mapping[str, str]
    functions: Mapping[str, ExpectedFunction]


@lru_cache(maxsize=1)
def expected() -> Expected:
    """All that the migrations make together."""
    text = "\n".join(sql for _, sql in versions())
    pinned = {*_PINNED.findall(text)}
    plain = re.sub(r"^\s*--.*\n", "", text, flags=re.MULTILINE)
    return Expected(
        tables={name: dict(_columns(body)) for name, body, _ in _TABLE.findall(plain)},
        options={name: _options(options) for name, _, options in _TABLE.findall(plain)},
        indexes={
            found[1]: ExpectedIndex(_shape(found[3], found[4]), found[0])
            for found in _INDEX.finditer(plain)
        },
        triggers={found[1]: found[0] for found in _TRIGGER.finditer(plain)},
        functions={
            found[1]: ExpectedFunction(found[3], "SECURITY DEFINER" in found[2], found[1] in pinned)
            for found in _FUNCTION.finditer(text)
        },
    )


def shape_of(definition: str) -> str:
    """The shape of an index, from its definition as Postgres prints it."""
    found = re.search(r"USING btree (\(.*?\))(?: WHERE (.*))?$", definition)
    return _shape(found[1], found[2]) if found else definition


def _shape(columns: str, condition: str | None) -> str:
    """Columns and condition of an index, without casts and parentheses of the condition."""
    plain = re.sub(r"::\w+|[()]", "", condition or "")
    return " ".join(f"{columns} {plain}".split())


def _columns(body: str) -> Iterator[tuple[str, ExpectedColumn]]:
    definitions = [" ".join(part.split()) for part in _split(body)]
    keys = {
        name.strip()
        for text in definitions
        if text.startswith("PRIMARY KEY")
        for name in text.partition("(")[2].rstrip(")").split(",")
    }
    for text in definitions:
        name, _, rest = text.partition(" ")
        if name in _NO_COLUMNS:
            continue
        base = re.match(r"\w+", rest)
        assert base is not None
        kind = _TYPES.get(base[0], base[0]) + ("[]" if rest[base.end() :].startswith("[]") else "")
        required = any(words in rest for words in ("NOT NULL", "PRIMARY KEY", "GENERATED ALWAYS"))
        yield name, ExpectedColumn(kind, required or name in keys, text)


def _split(body: str) -> Iterator[str]:
    """The parts of a list, between the commas outside of brackets and quotes."""
    depth, start, quoted = 0, 0, False
    for at, letter in enumerate(body):
        if letter == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif letter in "()":
            depth += 1 if letter == "(" else -1
        elif letter == "," and depth == 0:
            yield body[start:at]
            start = at + 1
    yield body[start:]


def _options(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(",") if part.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}
