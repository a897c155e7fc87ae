"""Source text to syntax tree."""

from dataclasses import replace

from .. import ast
from ..diagnostics import Problems
from ..source import Source
from .attempt import best_attempt

__all__ = ["parse"]


def parse(source: Source, problems: Problems) -> ast.File:
    """The tree of a source; what is wrong with it is added to `problems` and left out."""
    attempt = best_attempt(source)
    unclosed = {found.span.line for found in attempt.found if found.code == "SYN007"}
    for diagnostic in attempt.found:
        if diagnostic.code != "SYN011" or diagnostic.span.line not in unclosed:
            problems.add(diagnostic)
    bad_names = [each.span for each in attempt.found if each.code == "SYN004"]
    return replace(attempt.tree, broken=(*attempt.broken, *bad_names))
