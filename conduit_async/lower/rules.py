"""The modules whose rules are registered by their import."""

from .expressions import access, calls, choices, lambdas, lazy, operators, strings, values
from .functions import assignment, enqueue, statements

RULES = (
    *(access, calls, choices, lambdas, lazy, operators, strings, values),
    *(assignment, enqueue, statements),
)
