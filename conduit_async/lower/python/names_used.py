"""What a line of Python does with names, as Python's own parser has it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_BARE = ("else:", "try:", "finally:")


@dataclass(frozen=True)
class Reading:
    """The names that a line mentions, and those that it gives a value.

    `caught` is the exception that an `except` binds, `parameters` are those of a `def`.
    `annotation` is what a variable is declared with, and `rest` the line without it.
    """

    names: frozenset[str] = frozenset()
    assigned: frozenset[str] = frozenset()
    parameters: tuple[str, ...] = ()
    awaits: bool = False
    caught: str | None = None
    annotation: str | None = None
    rest: str = ""


@lru_cache(maxsize=4096)
def reading(line: str) -> Reading:
    """Read a line; of one that opens a block, the line alone."""
    if line in _BARE:
        return Reading()
    found = list(_own(ast.parse(_complete(line))))
    handler = next((node for node in found if isinstance(node, ast.ExceptHandler)), None)
    function = next((node for node in found if isinstance(node, _FUNCTIONS)), None)
    declared = next((node for node in found if isinstance(node, ast.AnnAssign)), None)
    names = [node for node in found if isinstance(node, ast.Name)]
    stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    bound = {function.name} if function is not None else set()
    bound |= {handler.name} if handler is not None and handler.name else set()
    return Reading(
        frozenset(node.id for node in names),
        frozenset((stored | bound) - {"_"}),
        tuple(each.arg for each in function.args.args) if function is not None else (),
        line.startswith("async ") or any(isinstance(node, _WAITING) for node in found),
        handler.name if handler is not None else None,
        ast.unparse(declared.annotation) if declared is not None else None,
        _without_annotation(line, declared) if declared is not None else line,
    )


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_WAITING = (ast.Await, ast.AsyncFor, ast.AsyncWith)


def _complete(line: str) -> str:
    """A line that opens a block, as a whole statement."""
    word = line.partition(" ")[0].rstrip(":")
    if word == "elif":
        return f"{line.removeprefix('el')} pass"
    if word == "except":
        return f"try: pass\n{line} pass"
    if word == "case" and line.endswith(":"):
        return f"match _:\n {line} pass"
    if word == "match" and line.endswith(":"):
        return f"{line}\n case _: pass"
    opens = word in ("if", "for", "while", "with", "def", "async") and line.endswith(":")
    return f"{line} pass" if opens else line


def _own(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a line, less the variables of comprehensions, which are theirs alone."""
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        left_out = node.target if isinstance(node, ast.comprehension) else None
        pending += [each for each in ast.iter_child_nodes(node) if each is not left_out]


def _without_annotation(line: str, node: ast.AnnAssign) -> str:
    assert isinstance(node.target, ast.Name)
    after = line.encode()[node.annotation.end_col_offset :].decode()
    return f"{node.target.id}{after}" if after else ""
