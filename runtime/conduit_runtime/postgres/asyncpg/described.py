"""The server's descriptions of statements, asked once a connection, and the SQL made from them.

The rows come as texts, which psycopg reads. So the values are those that psycopg would return,
whatever codecs the application has set.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from asyncpg import Connection
from asyncpg.types import Attribute, Type

from ..statement import quote
from .parameters import Parameter
from .translate import Parts, numbered

_MOST = 500
"""The most statements that are kept for a connection."""


class Described(NamedTuple):
    """The SQL to send, and the columns of its result; `are_texts` is whether they come as texts."""

    sql: str
    columns: Sequence[Attribute]
    are_texts: bool = True


Key = tuple[str, tuple[str, ...], bool, str | None]
_known: "WeakKeyDictionary[Any, dict[Key, Described]]" = WeakKeyDictionary()


def physical(conn: Any) -> Any:
    """The connection itself, which a pool wraps anew each time."""
    return getattr(conn, "_con", None) or conn


async def described(
    conn: "Connection[Any]", sql: str, of: Parts, parameters: Sequence[Parameter], is_ours: bool
) -> Described:
    """How to send a statement; the texts of one that `is_ours` need no type from the server."""
    kinds = tuple(f"{each.type}{' list' if each.is_list else ''}" for each in parameters)
    path: str | None = getattr(conn.get_settings(), "search_path", None)  # since Postgres 18
    key = (sql, kinds, is_ours, path)
    known = _known.setdefault(physical(conn), {})
    if (found := known.get(key)) is not None:
        return found
    types: list[Type] = []
    asked = numbered(of, parameters, None if is_ours else [None] * len(parameters))
    if is_ours and not _returns_rows(asked):
        found = Described(asked, ())
    else:
        statement = await conn.prepare(asked)
        types = [*statement.get_parameters()]
        final = asked if is_ours else numbered(of, parameters, [_name(each) for each in types])
        found = _as_texts(final, statement.get_attributes())
    # A type of the application may be another one after a change of the search path.
    if path is not None or all(each.schema == "pg_catalog" for each in types):
        if len(known) >= _MOST:
            known.clear()
        known[key] = found
    return found


_COMMENTS = re.compile(r"\A(?:\s|--[^\n]*\n|/\*.*?\*/)*", re.DOTALL)
_CHANGES = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)


def _returns_rows(sql: str) -> bool:
    """Whether one of our statements returns rows; the server need not describe a plain INSERT."""
    return not _COMMENTS.sub("", sql).startswith("INSERT") or "RETURNING" in sql


def _as_texts(sql: str, columns: Sequence[Attribute]) -> Described:
    if not columns:
        return Described(sql, columns)
    start = _COMMENTS.sub("", sql)
    if start[:4].upper() == "WITH" and _CHANGES.search(start):
        return Described(sql, columns, are_texts=False)  # Postgres allows no change further inside
    names = [f'"{number}"' for number in range(len(columns))]
    shown = ", ".join(map(_text_of, names, columns))
    inner = sql.rstrip().rstrip(";")
    return Described(
        f"WITH conduit_rows ({', '.join(names)}) AS (\n{inner}\n) SELECT {shown} FROM conduit_rows",  # noqa: S608
        columns,
    )


_OUTPUT = {16: "bool", 18: "char", 19: "name", 650: "cidr_", 869: "inet_", 1042: "bpchar"}
"""Types whose cast to a text differs from their output."""


def _text_of(name: str, column: Attribute) -> str:
    if (kind := _OUTPUT.get(column.type.oid)) is not None:
        return f"pg_catalog.textin(pg_catalog.{kind}out({name}))::pg_catalog.varchar"
    return f"{name}::pg_catalog.varchar"


def _name(kind: Type) -> str:
    is_array = kind.name.endswith("[]")
    name = kind.name.removesuffix("[]")
    return f"{quote(kind.schema)}.{quote(name)}{'[]' if is_array else ''}"
