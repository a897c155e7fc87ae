"""The values that the dashboard reads from the database."""
