"""Writing what became of attempts, in batches, whatever Postgres refuses."""
