"""All our SQL, and the functions that it calls."""

import ast
import gc
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import conduit_runtime

PACKAGE = Path(conduit_runtime.__file__).parent
SQL = sorted((PACKAGE / "sql").rglob("*.sql"))
# Names that the grammar of Postgres resolves itself, in any spelling.
GRAMMAR = {
    "coalesce",
    "greatest",
    "least",
    "extract",
    "EXTRACT",
    "ANY",
    "ALL",
    "ARRAY",
    "ROW",
    "OPERATOR",
}
LIKE_SQL = re.compile(r"\b(SELECT|CASE WHEN|INSERT INTO|UPDATE|DELETE FROM|AS) |::")
CALL = re.compile(r"(?<![\w.%{])([A-Za-z_]\w*)\(")


@cache
def texts() -> list[tuple[str, str]]:
    """Return all SQL: the files, and the strings of the code that look like SQL."""
    gc.disable()  # https://github.com/python/cpython/issues/106905
    try:
        return [*_texts()]
    finally:
        gc.enable()


def _texts() -> Iterator[tuple[str, str]]:
    for file in SQL:
        yield file.name, re.sub(r"--.*|COMMENT ON .*", "", file.read_text(encoding="utf-8"))
    for file in PACKAGE.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = re.sub(r"(?m)--.*$", "", node.value)
                if id(node) not in docs and LIKE_SQL.search(text):
                    yield f"{file.name}:{node.lineno}", text


def is_safe(name: str, text: str, at: int) -> bool:
    """Return whether the name before the bracket at `at` can mean only the intended function."""
    if name in GRAMMAR or name.startswith("conduit_"):
        return True
    # The grammar turns unnest of several arrays into calls of pg_catalog.unnest.
    arguments = _arguments(text, at)
    return name == "unnest" and ("," in arguments or arguments == "{arrays}")


def _arguments(text: str, at: int) -> str:
    depth = 0
    for end in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        if depth == 0:
            return re.sub(r"\([^()]*\)", "", text[at + 1 : end])
    return text[at + 1 :]


def called() -> set[str]:
    """Return the names of all functions that our SQL calls."""
    return {call for _, text in texts() for call in re.findall(r"\b([a-z_]\w*)\(", text)} - GRAMMAR
