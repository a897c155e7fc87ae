"""Pieces of Python: expressions, lines, literals, annotations, imports."""
