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
    for diagnostic in attempt.found:
        problems.add(diagnostic)
    return replace(attempt.tree, broken=tuple(attempt.broken))
