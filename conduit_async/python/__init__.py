"""Parts of Python code: expressions, lines, literals, annotations, imports."""
