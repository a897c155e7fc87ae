"""The tables of the queue and their columns, from the migrations and their comments."""

import re
from importlib.resources import files

from .markdown import code, table

_TABLE = re.compile(r"^CREATE TABLE (\w+) \(\n(.*?)^\)", re.MULTILINE | re.DOTALL)
_COLUMN = re.compile(r"^  ([a-z]\w*) +((?:double precision|[a-z]\w*)(?:\[\])?)(.*)$", re.MULTILINE)
_COMMENT = re.compile(r"^COMMENT ON (?:TABLE|COLUMN) ([\w.]+) IS '((?:[^']|'')*)';", re.MULTILINE)
_DEFAULT = re.compile(r"DEFAULT ('[^']*'|[\w.-]+(?:\(\))?)")


def tables() -> str:
    """A section for each table: what a row is, and its columns.

    A column with the name of a column of `jobs` means the same.
    """
    folder = files("conduit_runtime") / "sql" / "migrations"
    text = "\n".join(each.read_text("utf-8") for each in sorted(folder.iterdir(), key=str))
    comments = {name: about.replace("''", "'") for name, about in _COMMENT.findall(text)}
    lines = []
    for name, body in _TABLE.findall(text):
        rows = []
        for column, kind, rest in _COLUMN.findall(body):
            about = comments.get(f"{name}.{column}") or comments[f"jobs.{column}"]
            shown = kind + " or NULL" * _nullable(rest)
            rows.append((code(column), shown, _default(rest), _sentence(about)))
        lines += [f"## {code(name)}", "", _sentence(comments[name])]
        lines += table("column, type, default, what it holds", *rows)
    return "\n".join(lines)


def _sentence(comment: str) -> str:
    return f"{comment[0].upper()}{comment[1:]}.".replace("|", "\\|")


def _nullable(rest: str) -> bool:
    return not re.search("NOT NULL|PRIMARY KEY|GENERATED", rest)


def _default(rest: str) -> str:
    found = _DEFAULT.search(rest)
    return code(found[1].removeprefix("pg_catalog.")) if found else ""
