"""How quick the pages of the dashboard are over a large table, and what they cost its workers."""
