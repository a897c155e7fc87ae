"""The fingerprint of a payload, which says which workers can read it.

It is the start of a SHA-256 over sorted lines, one for each captured field: `name:kind`, then `!`
if the value is required or `?` if it may be nil. A kind says how a value is written, not which
values there are: an enum is a string, a decimal has no digits. The kind of a struct or a snapshot
contains the lines of its fields. `>` and a table follow the kind of a relation's key. The types
that JSON would lose follow a hash of mixed values. Orders, defaults, lengths and versions do not
count.
"""

from collections.abc import Iterable
from hashlib import sha256

from ...lock.model import Fields, FieldType

_LENGTH = 8


def fingerprint(fields: Fields) -> str:
    """The fingerprint of some fields, eight hexadecimal digits."""
    lines = (
        f"{line}{kind.shape}" for line, kind in zip(_lines(fields), fields.values(), strict=True)
    )
    return sha256("\n".join(sorted(lines)).encode()).hexdigest()[:_LENGTH]


def written(kind: FieldType) -> str:
    """The JSON form of a value that is not nil."""
    if kind.kind == "enum":
        return "string"
    if kind.item is not None:
        return f"{kind.kind}<{written(kind.item)}{'?' if kind.item.nullable else ''}>"
    if kind.kind in ("struct", "record"):
        return f"{{{','.join(sorted(_lines(kind.fields)))}}}"
    return "json" if kind.name == "any" else kind.name


def _lines(fields: Fields) -> Iterable[str]:
    for name, kind in fields.items():
        table = f">{kind.table}" if kind.table else ""
        yield f"{name}:{written(kind)}{table}{'?' if kind.nullable else '!'}"
