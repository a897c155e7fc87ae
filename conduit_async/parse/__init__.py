"""Source text to syntax tree."""

from .. import ast
from ..diagnostics import Diagnostic, Problems
from ..lexer import Lexed, lex
from ..source import Source
from .driver import Driver
from .table import table

__all__ = ["parse"]

_MOST_BRACES = 5


def parse(source: Source, problems: Problems) -> ast.File:
    """The tree of a source; what is wrong with it is added to `problems` and left out."""
    tree, found = _parse(source)
    for diagnostic in found:
        problems.add(diagnostic)
    return tree


def _parse(source: Source) -> tuple[ast.File, list[Diagnostic]]:
    """The tree and the findings.

    A `}` that closes nothing, where a block lacks its `{`: the tree with the brace put in is taken
    when it has fewer findings.
    """
    missing: frozenset[int] = frozenset()
    lexed, driver, tree, found = _parse_with(source, missing)
    while driver.missing and len(missing) < _MOST_BRACES and _has_stray_brace(lexed):
        missing |= {driver.missing[0]}
        lexed, driver, better, fewer = _parse_with(source, missing)
        if len(fewer) >= len(found):
            break
        tree, found = better, fewer
    return tree, found


def _parse_with(
    source: Source, missing: frozenset[int]
) -> tuple[Lexed, Driver, ast.File, list[Diagnostic]]:
    lexed = lex(source, missing)
    found = list(lexed.problems)
    driver = Driver(source, lexed, table(), found)
    tree = driver.run()
    return lexed, driver, tree, found


def _has_stray_brace(lexed: Lexed) -> bool:
    return any(d.code == "SYN011" and d.span.text == "}" for d in lexed.problems)
