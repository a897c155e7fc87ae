"""Writes parameters for the server."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.adapt import AdaptersMap, Dumper
from psycopg.pq import Format

from .arrays import BinaryArray
from .statement import Statement


class _BinaryArrayDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: bytes) -> bytes:
        return obj


psycopg.adapters.register_dumper(BinaryArray, _BinaryArrayDumper)
ADAPTERS = AdaptersMap(psycopg.adapters)
"""The adapters of our cursors; what the application registers does not affect them."""


_LARGE = 10_000


def are_large(parameters: Sequence[Any]) -> bool:
    """Whether one of the parameters is a text or an array of many bytes."""
    return any(isinstance(each, str | bytes) and len(each) > _LARGE for each in parameters)


def positional(statement: Statement[Any], schema: str | None) -> tuple[str, list[Any]]:
    """The SQL with `$1` for its first parameter and so on, and the parameters in that order.

    It is for raw cursors, which do not parse a statement anew each time it is sent.
    """
    sql, names = _numbered(statement.sql(schema))
    return sql, [statement.parameters[name] for name in names]


@lru_cache(maxsize=256)
def _numbered(sql: str) -> tuple[str, list[str]]:
    """The SQL with `$1` for its first parameter and so on, and the parameters' names in order."""
    numbers: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        name = found[1]
        return "%" if name is None else f"${numbers.setdefault(name, len(numbers) + 1)}"

    return re.sub(r"%(?:\((\w+)\)s|%)", number, sql), list(numbers)
