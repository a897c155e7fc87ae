"""Writing the outcomes of attempts in batches, around what Postgres refuses."""
