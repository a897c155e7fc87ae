"""Pieces of Python: code with its precedence, literals, annotations, imports."""
