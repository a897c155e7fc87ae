"""Which names a Python statement reads and binds, according to Python's own parser."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from ...python.code import Line

_WHOLE = {
    **dict.fromkeys(("elif", "else"), "if _: pass\n{} pass"),
    **dict.fromkeys(("except", "finally"), "try: pass\n{} pass"),
    "try": "{} pass\nfinally: pass",
    "match": "{}\n case _: pass",
    "case": "match _:\n {} pass",
}
"""The patterns that complete the first line of a compound statement."""

_WAITING = (ast.Await, ast.AsyncFor, ast.AsyncWith)


@dataclass(frozen=True)
class NameUses:
    """The names that a line mentions (also `a.b`), and the names that it assigns.

    `caught` is the exception that an `except` binds, `parameters` are the parameters of a `def`.
    `annotation` is the annotation of a variable, and `rest` the line without it.
    """

    names: frozenset[str]
    assigned: frozenset[str]
    parameters: tuple[str, ...] = ()
    awaits: bool = False
    caught: str | None = None
    annotation: str | None = None
    rest: str = ""


def mentioned(lines: Iterable[Line]) -> set[str]:
    """Return the names that statements mention."""
    return {
        name for line in lines for name in (*name_uses(line).names, *mentioned(line.block or ()))
    }


def name_uses(line: Line) -> NameUses:
    """Read a line; of a compound statement, only its first line."""
    whole = "{}" if line.block is None else _WHOLE.get(line.word, "{} pass")
    return _name_uses(line.text, whole.format(line.text))


@lru_cache(maxsize=4096)
def _name_uses(line: str, whole: str) -> NameUses:
    names: set[str] = set()
    assigned: set[str] = set()
    parameters: tuple[str, ...] = ()
    caught: str | None = None
    annotation: str | None = None
    awaits, rest = False, line
    for node in _own(ast.parse(whole)):
        awaits = awaits or isinstance(node, _WAITING)
        match node:
            case ast.Name(name, ast.Store()):
                names.add(name)
                assigned.add(name)
            case ast.Name(name):
                names.add(name)
            case ast.Attribute(ast.Name(name), attribute):
                names.add(f"{name}.{attribute}")
            case ast.ExceptHandler(name=str(name)):
                caught = name
                assigned.add(name)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                assigned.add(node.name)
                parameters = tuple(each.arg for each in node.args.args)
            case ast.AnnAssign(ast.Name(name)):
                annotation = ast.unparse(node.annotation)
                after = line.encode()[node.annotation.end_col_offset :].decode()
                rest = f"{name}{after}" if after else ""
    found = frozenset(names), frozenset(assigned - {"_"})
    return NameUses(*found, parameters, awaits, caught, annotation, rest)


def _own(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a line without the variables of comprehensions, which are local there."""
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        left_out = node.target if isinstance(node, ast.comprehension) else None
        pending += [each for each in ast.iter_child_nodes(node) if each is not left_out]
