"""Source text to syntax tree."""

from .. import ast
from ..diagnostics import Problems
from ..lexer import lex
from ..source import Source, Span
from .driver import Driver
from .table import table

__all__ = ["parse"]

_WARNINGS = frozenset({"SYN012"})


def parse(source: Source, problems: Problems) -> ast.File:
    """The tree of a source. What is wrong with it is added to `problems` and left out of the tree."""

    def report(code: str, span: Span, message: str, hint: str | None = None) -> None:
        note = problems.warning if code in _WARNINGS else problems.error
        note(code, span, message, hint)

    lexed = lex(source)
    for problem in lexed.problems:
        report(*problem)
    return Driver(source, lexed, table(), report).run()
