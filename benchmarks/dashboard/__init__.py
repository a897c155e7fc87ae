"""How fast the dashboard's pages are over a large table, and what they cost its workers."""
