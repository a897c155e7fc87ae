"""The type of every expression and statement, and what each condition narrows."""
