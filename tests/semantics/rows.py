"""Reads the tables of snippets and their expected results.

A row is a snippet of Conduit of one or more lines. Its last line ends with a mark and the result:

    -7 / 2          #=> -3                the value, as in Python or by a name of `VALUES`
    1 / self.zero   #!> divided by zero   a part of the error's message
    1 +             #x> SYN001 a value    a diagnostic's code, and a part of its message

A snippet is an expression, or statements that pass one value after another to `Out.value(ROW, …)`:
the result is the list of these values. Statements are a hook of their own, so that they may return
from it.

Every row runs in a hook and in a job; `#=hook>` and `#=job>` are rows of one of the two. Lines that
start with `# ` are comments. A folder of `rows` is the event of its hooks; the folders in it are
topics: values, statements, queries, captures.
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from conduit_runtime import Range

FOLDER = Path(__file__).parent / "rows"
PLACES = ("hook", "job")
VALUES = {
    "nil": None,
    "true": True,
    "false": False,
    "decimal": Decimal,
    "timestamp": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "seconds": lambda count: timedelta(seconds=count),
    "uuid": UUID,
    "range": Range,
    "utc": UTC,
}
_MARK = re.compile(r"\s*#(?P<sign>[=!x])(?P<place>hook|job)?>\s*(?P<wanted>.*)$")


@dataclass(frozen=True)
class Row:
    """A snippet, and its expected result."""

    table: str
    line: int
    event: str
    source: str
    sign: str
    wanted: str
    places: tuple[str, ...]

    @property
    def is_statements(self) -> bool:
        """Whether the snippet itself passes its values to the service."""
        return "ROW" in self.source

    def key(self, place: str) -> str:
        """The key of the row at the service, for a hook or a job."""
        return f"{self.table}_{self.line}_{place}"

    @property
    def value(self) -> Any:
        """The value that must reach the service."""
        return eval(self.wanted, {"__builtins__": {}}, VALUES)


def read_rows() -> list[Row]:
    """Every row of every table."""
    rows: list[Row] = []
    for path in sorted(FOLDER.rglob("*.rows")):
        lines: list[str] = []
        for line_number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            if not lines and (not line.strip() or line.startswith("# ")):
                continue
            mark = _MARK.search(line)
            lines.append(line[: mark.start()] if mark else line)
            if mark is None:
                continue
            row = Row(
                table=path.stem,
                line=line_number,
                event=path.relative_to(FOLDER).parts[0],
                source="\n".join(lines),
                sign=mark["sign"],
                wanted=mark["wanted"],
                places=(mark["place"],) if mark["place"] else PLACES,
            )
            rows.append(row)
            lines = []
        assert not lines, f"{path.name}: the last snippet has no mark"
    return rows


def plain(value: Any) -> Any:
    """A value with hashes in place of records."""
    if dataclasses.is_dataclass(value) and not isinstance(value, Range):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def kinds(value: Any) -> Any:
    """The classes of a value and of what is in it: `True == 1` in Python."""
    if isinstance(value, dict):
        return {key: kinds(each) for key, each in value.items()}
    if isinstance(value, list):
        return [kinds(each) for each in value]
    return type(value)
