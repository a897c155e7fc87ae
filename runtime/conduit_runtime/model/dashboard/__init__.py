"""What the dashboard reads of the database, as values."""
