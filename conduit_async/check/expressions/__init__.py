"""The types of expressions and statements, and the values that conditions narrow."""
