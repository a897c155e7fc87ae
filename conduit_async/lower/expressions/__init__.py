"""The rules of all kinds of expressions, registered by their import."""

from . import access, calls, choices, lambdas, lazy, operators, strings, values

__all__ = ["access", "calls", "choices", "lambdas", "lazy", "operators", "strings", "values"]
