"""Our tables: their migrations, and their privileges."""
