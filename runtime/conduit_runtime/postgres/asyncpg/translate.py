"""Translates psycopg's placeholders in SQL to numbered ones, each with a cast to its type."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from .parameters import Parameter

_PLACEHOLDER = re.compile(r"%(?:\((?P<name>\w+)\)[sbt]|(?P<plain>[sbt])|%)")
_TEXT = "pg_catalog.varchar"
_OWN_CAST = re.compile(r"\s*::")


class Parts(NamedTuple):
    """The texts around the placeholders, and the name or position that fills each."""

    texts: tuple[str, ...]
    fillers: tuple[str | int, ...]


@lru_cache(maxsize=512)
def parts(sql: str) -> Parts:
    """The SQL, split at its placeholders; `%%` is a percent sign."""
    texts: list[str] = []
    fillers: list[str | int] = []
    start, text = 0, ""
    for found in _PLACEHOLDER.finditer(sql):
        text += sql[start : found.start()]
        start = found.end()
        if found["name"] is None and found["plain"] is None:
            text += "%"
            continue
        texts.append(text)
        text = ""
        fillers.append(found["name"] or len(fillers))
    texts.append(text + sql[start:])
    return Parts(tuple(texts), tuple(fillers))


def numbered(of: Parts, parameters: Sequence[Parameter], types: Sequence[str | None] | None) -> str:
    """The SQL with `$1` for the first parameter.

    `types` are those that the server has inferred for the parameters; None for those that it has to
    infer. Without `types`, a text has the type text unless the SQL casts it, as our statements do.
    """
    numbers: dict[str | int, int] = {}
    found = [of.texts[0]]
    for filler, after in zip(of.fillers, of.texts[1:], strict=True):
        number = numbers.setdefault(filler, len(numbers) + 1)
        given = parameters[number - 1]
        text = f"${number}::{_TEXT}{'[]' if given.is_list else ''}"
        if types is None:
            is_cast = not given.type or _OWN_CAST.match(after)
            found.append(text if is_cast else f"{text}::{given.type}")
        elif (kind := given.type or types[number - 1]) is not None:
            found.append(f"({text}::{kind})")
        else:
            found.append(f"${number}")
        found.append(after)
    return "".join(found)
