"""Web frameworks: each folder is for applications of one, and imports it."""
