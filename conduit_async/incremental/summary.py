"""What each source gives to a package, as plain data: JSON stores it, and nothing executes it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ..lower.package.rows import RowHead
from .services import Services


@dataclass(frozen=True)
class EmittedModule:
    """The module of a resource.

    `lines` leads from its lines to those of the source; `rows` are the names that it imports from
    `records.py`, `job_services` the services that its jobs call.
    """

    name: str
    jobs: list[str]
    lines: dict[int, int]
    rows: list[str]
    job_services: list[str]


@dataclass(frozen=True)
class EmittedRow:
    """A class or an alias that `records.py` may have."""

    head: RowHead
    text: str


@dataclass(frozen=True)
class SourceSummary:
    """What one source gives to a package, and what it takes from other sources.

    `text` is a digest of the source, `declared` of what others may see of it. `events` are those
    of its hooks, `columns` those of each resource, `attributes` the fields whose names could be
    those of classes, `classes` the names that its classes have, and would have if they gave way to
    none. `mentions` are the resources of the program that its text names, `uses` those that were
    looked up by its code, or by code of others that it reaches.
    """

    text: str
    declared: str
    events: list[str]
    columns: dict[str, list[str]]
    attributes: list[str]
    classes: list[str]
    mentions: list[str]
    uses: list[str]
    services: Services
    modules: list[EmittedModule]
    rows: list[EmittedRow]


def words(text: str) -> set[str]:
    """All names in a text."""
    return set(re.findall(r"[^\W\d]\w*", text))


def digest(text: str) -> str:
    """Stands for a text."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()


def as_json(summary: SourceSummary) -> dict[str, Any]:
    """A summary as plain data."""
    rows = [{"head": vars(row.head), "text": row.text} for row in summary.rows]
    modules = [vars(module) for module in summary.modules]
    return {**vars(summary), "modules": modules, "rows": rows}


def from_json(data: Mapping[str, Any]) -> SourceSummary:
    """The summary that was plain data; raises `KeyError`, `TypeError` or `ValueError`."""
    modules = [
        EmittedModule(**{**each, "lines": {int(line): at for line, at in each["lines"].items()}})
        for each in data["modules"]
    ]
    rows = [EmittedRow(RowHead(**row["head"]), row["text"]) for row in data["rows"]]
    return SourceSummary(**{**data, "modules": modules, "rows": rows})
