"""SQL as text: names, conditions and the statement of a query."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ...program import ResourceInfo
from ...python.code import NO_GUARD, Code, Guard, Line, Precedence
from ...python.literals import quoted as quoted_text
from ...python.literals import tuple_of

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_RESERVED = frozenset(
    """
    all analyse analyze and any array as asc asymmetric authorization between binary both case
    cast check collate collation column concurrently constraint create cross current_catalog
    current_date current_role current_schema current_time current_timestamp current_user default
    deferrable desc distinct do else end except false fetch for foreign freeze from full grant
    group having ilike in initially inner intersect into is isnull join lateral leading left
    like limit localtime localtimestamp natural not notnull null offset on only or order outer
    overlaps placing primary references returning right select session_user similar some
    symmetric system_user table tablesample then to trailing true union unique user using
    variadic verbose when where window with
    """.split()  # noqa: SIM905 - a list would need a line a word
)


def quoted(name: str) -> str:
    """Return a name in SQL, in quotes only if necessary; `a.b` is two names."""
    return ".".join(_quoted(part) for part in name.split("."))


def _quoted(name: str) -> str:
    if _PLAIN.fullmatch(name) and name not in _RESERVED:
        return name
    escaped = name.replace('"', '""').replace("%", "%%")
    return f'"{escaped}"'


@dataclass(frozen=True)
class Select:
    """A query over the rows of a resource, as built so far; `values` fill its `%s`.

    `qualified`: it may be joined with another table. After a `?.` it may run only under its
    `guard`.
    """

    resource: ResourceInfo
    joins: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    values: tuple[Code, ...] = ()
    order: tuple[str, ...] = ()
    limit: Code | None = None
    offset: Code | None = None
    qualified: bool = False
    guard: Guard = NO_GUARD

    @property
    def bounds(self) -> list[Code]:
        """The limit and the offset, if there are any."""
        return [bound for bound in (self.limit, self.offset) if bound is not None]

    @property
    def all_values(self) -> list[Code]:
        """The values of the placeholders, in their order."""
        return [*self.values, *(bound for bound in self.bounds if not bound.text.isdigit())]

    def filled(self, parts: Sequence[Code]) -> "Select":
        """Return the query with other values and bounds, in the same order."""
        rest = iter(parts)
        values = tuple(next(rest) for _ in self.values)
        limit = next(rest) if self.limit is not None else None
        offset = next(rest) if self.offset is not None else None
        return replace(self, values=values, limit=limit, offset=offset)

    def after(self, lines: Iterable[Line]) -> "Select":
        """Return the query with statements that run before its values."""
        parts = [*self.values, *self.bounds]
        for index, part in enumerate(parts):
            if not part.text.isdigit():
                parts[index] = replace(part, before=(*part.before, *lines))
                return self.filled(parts)
        return replace(self, guard=replace(self.guard, before=(*self.guard.before, *lines)))

    def column(self, name: str) -> str:
        """Return a column, with its table if two may be joined."""
        prefix = f"{quoted(self.resource.table)}." if self.joins or self.qualified else ""
        return f"{prefix}{quoted(name)}"

    def arguments(self, method: str, *what: str) -> str:
        """Return the statement and the values of an operation, as the runtime's `Select` does."""
        pieces = self.statement(", ".join(what))
        match method:
            case "rows":
                return self.arguments("columns", *self.resource.columns)
            case "first":
                return replace(self, limit=self.limit or Code("1")).arguments("rows")
            case "columns":
                pieces = self.statement(", ".join(map(self.column, what)), ordered=True)
            case "exists":
                pieces = _within("SELECT EXISTS (", self.statement("1"), ")")
            case "value" if self.is_cut:
                inner = self.statement("*", ordered=True)
                pieces = [f"SELECT {what[0]}", *_within("FROM (", inner, ") AS part")]
        values = [value.at(Precedence.TERNARY) for value in self.all_values]
        return literal(pieces) + (f", {tuple_of(values)}" if values else "")

    def statement(self, what: str, *, ordered: bool = False) -> list[str]:
        """Return `SELECT what FROM …`, in pieces that each fit a line."""
        pieces = [f"SELECT {what}", f"FROM {quoted(self.resource.table)}", *self.joins]
        if self.where:
            pieces.append(f"WHERE {' AND '.join(self.where)}")
        if ordered and self.order:
            pieces.append(f"ORDER BY {', '.join(self.order)}")
        for word, bound in (("LIMIT", self.limit), ("OFFSET", self.offset)):
            if bound is not None:
                pieces.append(f"{word} {bound.text if bound.text.isdigit() else '%s'}")
        return pieces

    @property
    def is_cut(self) -> bool:
        """Whether it has a limit or an offset; then its rows are counted in a subquery."""
        return self.limit is not None or self.offset is not None


def _within(head: str, pieces: list[str], tail: str) -> list[str]:
    first, *rest = [*pieces[:-1], f"{pieces[-1]}{tail}"]
    return [f"{head}{first}", *rest]


def literal(pieces: list[str], width: int = 74) -> str:
    """Return the pieces as one string literal, or as several, one a line."""
    lines: list[str] = []
    for piece in pieces:
        if lines and len(lines[-1]) + 1 + len(piece) <= width:
            lines[-1] += f" {piece}"
        else:
            lines.extend(_wrapped(piece, width))
    texts = [line if not index else f" {line}" for index, line in enumerate(lines)]
    return " ".join(quoted_text(text) for text in texts)


def _wrapped(piece: str, width: int) -> list[str]:
    """Wrap a piece, if possible before an `AND` or `OR`."""
    words: list[str] = []
    for part in re.split(r" (?=(?:AND|OR) )", piece):
        words += [part] if len(part) <= width else part.split(" ")
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines
