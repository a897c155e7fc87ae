"""The rules of all kinds of expressions and statements, registered by their import."""

from .expressions import access, calls, choices, lambdas, lazy, operators, strings, values
from .functions import assignment, enqueue, statements

__all__ = [
    "access",
    "assignment",
    "calls",
    "choices",
    "enqueue",
    "lambdas",
    "lazy",
    "operators",
    "statements",
    "strings",
    "values",
]
